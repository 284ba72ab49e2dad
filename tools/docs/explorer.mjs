/**
 * Builds the explorer and the documentation, and serves both locally: `npm run explorer`.
 *
 *   npm run explorer -- [--port 4173] [--watch] [--build]   --watch rebuilds after changes; --build builds without serving
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { serve } from "../../packages/explorer/build/serve.mjs";
import { buildExplorer } from "../../packages/site/build/all.mjs";

const root = fileURLToPath(new URL("../../packages/explorer/", import.meta.url));
const dist = `${root}dist`;
const usual = 4173;

const options = optionsOf(process.argv.slice(2));
const address = options.build ? undefined : await listen(); // before the build, so an occupied port fails early
await buildExplorer(dist);
if (options.watch) await buildExplorer(dist, { watch: true });
if (address !== undefined) console.log(`explorer: ${address}, documentation: ${address}docs/ (Ctrl-C ends it)`);
else console.log("explorer: built; packages/explorer/dist can be served from any folder of any server");

/** @returns {Promise<string>} the address at which the explorer is served */
async function listen() {
  const wanted = options.port ?? usual;
  try {
    const server = await serve(dist, wanted).catch((error) => {
      // If the default port is in use, listens on any free port, unless the user passed --port.
      if (error.code === "EADDRINUSE" && options.port === undefined) return serve(dist);
      throw error;
    });
    return server.address;
  } catch (error) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code === "EADDRINUSE") {
      return fail(`port ${wanted} is in use; choose another, or omit --port for a free one.`);
    }
    if (code === "EACCES") return fail(`port ${wanted} needs privileges; choose one above 1023.`);
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
      fail(`--port must be a whole number from 0 (any free port) to 65535, got ${JSON.stringify(values.port)}.`);
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
