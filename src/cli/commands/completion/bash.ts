/** Completion for bash: the longest run of command words decides the spot. */
import { FORMATS } from "../../output/render.ts";
import { cases, flagWords, plain, valueFlagPattern } from "./cases.ts";
import type { Spot } from "./spots.ts";

export function bashScript(spots: readonly Spot[]): string {
  const words = cases(
    spots,
    (spot) =>
      `words="${spot.words.map(({ word }) => plain(word)).join(" ")}" flags="${flagWords(spot).join(" ")}"`,
  );
  return `# bash completion of efscli: source <(efscli completion bash)
_efscli() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" spot="" words="" flags="" index word
  COMPREPLY=()
  if [[ $previous == -o || $previous == --output ]]; then
    COMPREPLY=($(compgen -W "${FORMATS.join(" ")}" -- "$current"))
    return
  fi
  for ((index = 1; index < COMP_CWORD; index++)); do
    word="\${COMP_WORDS[index]}"
    case "$word" in
      ${valueFlagPattern(spots)}) ((index++)); continue ;;
      -*) continue ;;
    esac
    if _efscli_words "\${spot:+$spot }$word"; then spot="\${spot:+$spot }$word"; else break; fi
  done
  _efscli_words "$spot"
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$current"))
  elif [[ -n $words ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  else
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}
_efscli_words() {
  case "$1" in
${words}
    *) return 1 ;;
  esac
}
complete -o filenames -F _efscli efscli
`;
}
