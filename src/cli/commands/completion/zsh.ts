/** Completion for zsh, in the same way as for bash. */
import { FORMATS } from "../../output/render.ts";
import { cases, flagWords, plain, valueFlagPattern } from "./cases.ts";
import type { Spot } from "./spots.ts";

export function zshScript(spots: readonly Spot[]): string {
  const words = cases(
    spots,
    (spot) =>
      `candidates=(${spot.words.map(({ word }) => plain(word)).join(" ")}) flags=(${flagWords(spot).join(" ")})`,
  );
  return `#compdef efscli
# zsh completion of efscli: efscli completion zsh > a file _efscli in a folder of your fpath
_efscli_words() {
  case "$1" in
${words}
    *) return 1 ;;
  esac
}
_efscli() {
  local spot="" word index
  local -a candidates flags
  case "\${words[CURRENT-1]}" in
    -o|--output) compadd ${FORMATS.join(" ")}; return ;;
  esac
  for ((index = 2; index < CURRENT; index++)); do
    word="\${words[index]}"
    case "$word" in
      ${valueFlagPattern(spots)}) ((index++)); continue ;;
      -*) continue ;;
    esac
    if _efscli_words "\${spot:+$spot }$word"; then spot="\${spot:+$spot }$word"; else break; fi
  done
  _efscli_words "$spot"
  if [[ "\${words[CURRENT]}" == -* ]]; then
    compadd -- $flags
  elif (( \${#candidates} > 0 )); then
    compadd -- $candidates
  else
    _files
  fi
}
compdef _efscli efscli
`;
}
