import type { Difference } from "../logic/types.ts";
import { diffLine } from "../logic/words.ts";

const MAX_SHOWN = 30;

/** The places in which the configuration differs; what is done to each is a word as well as a sign. */
export function Diff({ diff, most = MAX_SHOWN }: { diff: Difference[]; most?: number }) {
  return (
    <ul class="diff">
      {diff.slice(0, most).map(diffLine).map(({ sign, verb, path, before, after }) => (
        <li class={verb}>
          <span aria-hidden="true">{sign}</span> <span class="unseen">{verb}</span>
          <code>{path}</code> {before && <del>{before}</del>} {before && after && <span aria-hidden="true">→ </span>}
          {after && <ins>{after}</ins>}
        </li>
      ))}
      {diff.length > most && <li>and {diff.length - most} more</li>}
    </ul>
  );
}
