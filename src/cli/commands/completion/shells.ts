/** The table of spots as scripts: bash and zsh look words up in a case, fish gets one line for each word and flag. */
import type { Spot } from "./spots.ts";

const SAFE = /^[A-Za-z0-9:._/-]+$/;

/** Words of our own making, so nothing needs quoting; this keeps it so. */
function plain(word: string): string {
  return SAFE.test(word) ? word : "";
}

const flagWords = (spot: Spot) =>
  spot.flags.flatMap(({ short, long }) => [short, long]).filter((flag) => flag !== undefined);

/** A case over the noun and verb: aliases lead to the same spot. */
function cases(spots: readonly Spot[], body: (spot: Spot) => string): string {
  const named = new Map(spots.map((spot) => [spot.path.join(" "), spot]));
  const patterns = (spot: Spot) => {
    const ways = spot.path.map((name, depth) => {
      const aliases = named.get(spot.path.slice(0, depth + 1).join(" "))?.aliases ?? [];
      return [name, ...aliases];
    });
    const joined = ways.reduce<readonly string[]>(
      (before, names) =>
        before.flatMap((start) => names.map((name) => (start === "" ? name : `${start} ${name}`))),
      [""],
    );
    return joined.map((way) => `"${way}"`).join("|");
  };
  return spots.map((spot) => `    ${patterns(spot)}) ${body(spot)} ;;`).join("\n");
}

/** The longest run of command words decides the spot; values of flags are stepped over. */
const FIND_SPOT = (spots: readonly Spot[]) => {
  const valued = new Set(
    spots
      .flatMap((spot) => spot.flags)
      .filter((flag) => flag.takesValue)
      .flatMap(({ short, long }) => [short, long]),
  );
  return [...valued].filter((flag) => flag !== undefined).join("|");
};

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
    COMPREPLY=($(compgen -W "table json tsv name" -- "$current"))
    return
  fi
  for ((index = 1; index < COMP_CWORD; index++)); do
    word="\${COMP_WORDS[index]}"
    case "$word" in
      ${FIND_SPOT(spots)}) ((index++)); continue ;;
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
    -o|--output) compadd table json tsv name; return ;;
  esac
  for ((index = 2; index < CURRENT; index++)); do
    word="\${words[index]}"
    case "$word" in
      ${FIND_SPOT(spots)}) ((index++)); continue ;;
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

export function fishScript(spots: readonly Spot[]): string {
  const lines = spots.flatMap((spot) => {
    const at = `-n '__efscli_at "${spot.path.join(" ")}"'`;
    const words = spot.words.map(
      ({ word, about }) => `complete -c efscli ${at} -f -a ${plain(word)} -d ${quoted(about)}`,
    );
    const flags = spot.flags.map(({ short, long, takesValue, choices, about }) => {
      const names = `${short === undefined ? "" : ` -s ${short.slice(1)}`}${long === undefined ? "" : ` -l ${long.slice(2)}`}`;
      const value = choices.length > 0 ? ` -x -a '${choices.join(" ")}'` : takesValue ? " -r" : "";
      return `complete -c efscli ${at}${names}${value} -d ${quoted(about)}`;
    });
    return [...words, ...flags];
  });
  const aliases = spots.flatMap((spot) =>
    spot.aliases.map((alias) => `    case ${alias}\n      echo ${spot.path.at(-1)}`),
  );
  return `# fish completion of efscli: efscli completion fish > ~/.config/fish/completions/efscli.fish
function __efscli_name
  switch $argv[1]
${aliases.join("\n")}
    case '*'
      echo $argv[1]
  end
end
function __efscli_at
  set -l spot
  for word in (commandline -opc)[2..-1]
    string match -q -- '-*' $word; and continue
    set -a spot (__efscli_name $word)
    test (count $spot) -ge ${Math.max(...spots.map((spot) => spot.path.length))}; and break
  end
  test "$argv[1]" = "$spot"
end
${lines.join("\n")}
`;
}

function quoted(text: string): string {
  return `'${text.replace(/\\/g, "\\\\").replace(/'/g, "\\'")}'`;
}
