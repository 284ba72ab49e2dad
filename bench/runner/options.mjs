import { parseArgs } from "node:util";
import { cases } from "../cases/cases.mjs";
import { peers } from "../peers/peers.mjs";

const names = [...cases.map(({ name }) => name), "growth", "first", "bundles"];

const help = `npm run bench -- [options]

  --only CASE,...    cases whose names hold one of these: ${names.join(" ")}
  --peers PEER,...   ${peers.map(({ name }) => name).join(" ")}
  --quick            fewer repetitions
  --help             this`;

/** @param {readonly string[]} args @returns {{ only?: string[], peers?: string[], quick: boolean }} */
export function optionsOf(args) {
  /** @type {{ only?: string, peers?: string, quick?: boolean, help?: boolean }} */
  let values = {};
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        only: { type: "string" },
        peers: { type: "string" },
        quick: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }));
  } catch (error) {
    fail(/** @type {Error} */ (error).message);
  }
  if (values.help) {
    console.log(help);
    process.exit(0);
  }
  const only = values.only?.split(",");
  const wanted = values.peers?.split(",");
  const odd = only?.find((part) => !names.some((name) => name.includes(part)));
  if (odd !== undefined) fail(`unknown case "${odd}"`);
  const stranger = wanted?.find((name) => !peers.some((peer) => peer.name === name));
  if (stranger !== undefined) fail(`unknown peer "${stranger}"`);
  return { ...(only && { only }), ...(wanted && { peers: wanted }), quick: values.quick ?? false };
}

/** @type {(message: string) => never} */
function fail(message) {
  console.error(`bench: ${message}\n\n${help}`);
  process.exit(1);
}
