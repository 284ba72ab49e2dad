/**
 * Builds the explorer with the documentation in its folder docs, and serves them to this machine: `npm run explorer`.
 *
 *   npm run explorer -- [--port 4173] [--watch] [--build]   --watch: builds again at each change; --build: builds only
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { serve } from "../../packages/explorer/build/serve.mjs";
import { buildExplorer } from "../../packages/site/build/all.mjs";

const root = fileURLToPath(new URL("../../packages/explorer/", import.meta.url));
const dist = `${root}dist`;
const usual = 4173;

const options = optionsOf(process.argv.slice(2));
const address = options.build ? undefined : await listen(); // first: a port that is taken is told before anything is built
await buildExplorer(dist);
if (options.watch) await buildExplorer(dist, { watch: true });
if (address !== undefined) console.log(`explorer: ${address}, documentation: ${address}docs/ (Ctrl-C ends it)`);
else console.log("explorer: built; packages/explorer/dist can be served from any folder of any server");

/** @returns {Promise<string>} where the explorer is served */
async function listen() {
  const wanted = options.port ?? usual;
  try {
    const server = await serve(dist, wanted).catch((error) => {
      // The usual port may be taken; one that was asked for must not be another.
      if (error.code === "EADDRINUSE" && options.port === undefined) return serve(dist);
      throw error;
    });
    return server.address;
  } catch (error) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code === "EADDRINUSE") {
      return fail(`port ${wanted} is taken: choose another, or leave --port out and take what is free.`);
    }
    if (code === "EACCES") return fail(`port ${wanted} needs rights that you do not have: choose one above 1023.`);
    return fail(`cannot serve on port ${wanted}: ${message}`);
  }
}

/** @param {string[]} args @returns {{ port?: number, watch: boolean, build: boolean }} */
function optionsOf(args) {
  const usage = "npm run explorer -- [--port 4173] [--watch] [--build]";
  try {
    const { values } = parseArgs({
      args,
      options: {
        port: { type: "string" },
        watch: { type: "boolean" },
        build: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help) {
      console.log(usage);
      process.exit(0);
    }
    const { watch = false, build: only = false } = values;
    if (values.port === undefined) return { watch, build: only };
    const port = Number(values.port);
    if (!Number.isInteger(port) || port < 0 || port > 65535 || values.port.trim() === "")
      fail(`a port is a whole number from 0 (any that is free) to 65535, got ${JSON.stringify(values.port)}.`);
    return { port, watch, build: only };
  } catch (error) {
    return fail(`${/** @type {Error} */ (error).message}\n${usage}`);
  }
}

/** @param {string} message @returns {never} */
function fail(message) {
  console.error(`explorer: ${message}`);
  process.exit(1);
}
