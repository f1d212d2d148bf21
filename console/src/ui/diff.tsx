import type { Difference } from "../logic/types.ts";
import { diffLine } from "../logic/words.ts";

/** The places in which the configuration differs; what is done to each is a word as well as a sign. */
export function Diff({ diff }: { diff: Difference[] }) {
  return (
    <ul class="diff">
      {diff.map(diffLine).map(({ sign, verb, path, before, after }) => (
        <li class={verb}>
          <span aria-hidden="true">{sign}</span> <span class="unseen">{verb}</span>
          <code>{path}</code> {before && <del>{before}</del>} {before && after && <span aria-hidden="true">→ </span>}
          {after && <ins>{after}</ins>}
        </li>
      ))}
    </ul>
  );
}
