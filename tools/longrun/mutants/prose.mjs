/** A Stryker plugin that excludes error messages and the sample arguments of ops from mutation. */
function shouldIgnore(/** @type {{ node: any }} */ { node }) {
  if (node.type === "TemplateLiteral") return "a message";
  if (node.type === "StringLiteral" && node.value.includes(" ")) return "a message";
  if (node.type === "ObjectProperty" && node.key.name === "samples") return "points for tests";
  return undefined;
}

export const strykerPlugins = [{ kind: "Ignore", name: "prose", value: { shouldIgnore } }];
