/** Completion for fish: one line for each word and flag of each spot. */
import { plain } from "./cases.ts";
import type { Spot } from "./spots.ts";

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
