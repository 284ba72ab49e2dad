/**
 * A web server for static files, reachable from this machine only. The explorer consists of static files, so any other
 * web server works too.
 */
import { createReadStream, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize, sep } from "node:path";

/** @type {Readonly<Record<string, string>>} */
const types = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".json": "application/json",
  ".png": "image/png",
  ".woff2": "font/woff2",
};

/**
 * Serves `folder` under `path`, which ends with a slash. Rejects if the port cannot be opened (EADDRINUSE, EACCES).
 * @param {string} folder @param {number} port 0: any free port @param {string} path
 * @param {Readonly<Record<string, string>>} headers additional headers of each response
 * @returns {Promise<{ address: string, close: () => void }>}
 */
export function serve(folder, port = 0, path = "/", headers = {}) {
  const server = createServer(({ url = "/", method }, response) => {
    const file = fileOf(folder, path, url);
    if (method !== "GET" && method !== "HEAD") return void response.writeHead(405).end();
    if (file === undefined) {
      const page = url.startsWith(`${path}docs/`) ? fileOf(folder, path, `${path}docs/404.html`) : undefined;
      response.writeHead(404, { "Content-Type": page ? types[".html"] : "text/plain", ...headers });
      return void (page ? createReadStream(page).pipe(response) : response.end("not found\n"));
    }
    response.writeHead(200, {
      "Content-Type": types[extname(file)] ?? "application/octet-stream",
      "Cache-Control": "no-cache",
      ...headers,
    });
    if (method === "HEAD") return void response.end();
    createReadStream(file).pipe(response);
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      const { port: own } = /** @type {import("node:net").AddressInfo} */ (server.address());
      resolve({ address: `http://localhost:${own}${path}`, close: () => void server.close() });
    });
  });
}

/**
 * Returns the path of the requested file if it is inside the served folder.
 * @param {string} folder
 * @param {string} path
 * @param {string} asked
 */
function fileOf(folder, path, asked) {
  const [pathname = ""] = asked.split(/[?#]/);
  if (!pathname.startsWith(path)) return undefined;
  const file = decoded(pathname.slice(path.length));
  const inside = normalize(join(folder, file === "" || file.endsWith("/") ? `${file}index.html` : file));
  if (!inside.startsWith(normalize(folder) + sep)) return undefined;
  return statSync(inside, { throwIfNoEntry: false })?.isFile() ? inside : undefined;
}

/**
 * Decodes percent escapes. Returns `text` itself if an escape is invalid.
 * @param {string} text
 */
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
