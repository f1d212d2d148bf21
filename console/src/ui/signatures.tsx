import { useEffect, useState } from "preact/hooks";

import type { Model, Signature, Tensor, Version } from "../logic/types.ts";
import { getIfThere, versionPath } from "../net/api.ts";

/** What can be asked of the highest version that serves. */
export function Signatures({ model }: { model: Model }) {
  const newest = model.versions.find((version) => version.state === "AVAILABLE");
  const [found, setFound] = useState<Record<string, Signature> | null>(null);
  const number = newest?.version;
  useEffect(() => {
    let isOver = false;
    setFound(null);
    if (number === undefined) return;
    getIfThere<Version>(versionPath(model.name, number)).then(
      (version) => !isOver && setFound(version?.signatures ?? null),
      () => {}, // the page goes on without
    );
    return () => {
      isOver = true;
    };
  }, [model.name, number, newest?.since]);
  if (!found || number === undefined) return null;
  return (
    <section aria-labelledby="signatures">
      <h2 id="signatures">Signatures of version {number}</h2>
      <div class="scroll" tabIndex={0} role="group" aria-label="Table of signatures">
        <table>
          <thead>
            <tr>
              <th scope="col">Signature</th>
              <th scope="col">Inputs</th>
              <th scope="col">Outputs</th>
            </tr>
          </thead>
          <tbody>
            {Object.entries(found).map(([name, signature]) => (
              <tr>
                <th scope="row">{name}</th>
                <td>
                  <Tensors tensors={signature.inputs} />
                </td>
                <td>
                  <Tensors tensors={signature.outputs} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Tensors({ tensors }: { tensors: Record<string, Tensor> }) {
  return (
    <ul class="plain">
      {Object.entries(tensors).map(([name, tensor]) => (
        <li>
          <code>
            {name}: {tensor.dtype.replace(/^DT_/, "").toLowerCase()}
            {shapeText(tensor.shape)}
          </code>
        </li>
      ))}
    </ul>
  );
}

function shapeText(shape: number[] | null): string {
  return shape ? `[${shape.map((size) => (size < 0 ? "?" : size)).join(", ")}]` : " of any rank";
}
