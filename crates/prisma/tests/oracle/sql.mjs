// Asks Prisma's own engine what it makes of schemas, without a database.
//
// On standard input, JSON: [{ "provider": "postgres" | "sqlite" | other, "files": [[path, text], …] }, …]
// On standard output, in the same order: [{ "sql": text } | { "refused": text }, …]
// A schema of another provider is only looked at by Prisma's validator; its SQL is empty.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const { validate } = require("@prisma/prisma-schema-wasm");

const place = import.meta.resolve("@prisma/schema-engine-wasm/schema_engine_bg");
const engine = await import(place.endsWith(".js") ? place : `${place}.js`);
const module = new WebAssembly.Module(readFileSync(new URL("./schema_engine_bg.wasm", place)));
const instance = new WebAssembly.Instance(module, { "./schema_engine_bg.js": engine });
engine.__wbg_set_wasm(instance.exports);
instance.exports.__wbindgen_start();

const good = (value) => ({ ok: true, value, map: (f) => good(f(value)), flatMap: (f) => f(value) });

// A driver that answers every question with nothing: the engine asks a few when it is made, and none for SQL from a schema.
function driver(provider) {
  const registry = { consumeError() {} };
  const names = { provider, adapterName: `@prisma/adapter-${provider}`, errorRegistry: registry };
  const rows = async () => good({ columnNames: [], columnTypes: [], rows: [] });
  const database = {
    ...names,
    queryRaw: rows,
    executeRaw: async () => good(0),
    executeScript: async () => good(undefined),
    startTransaction: rows,
    dispose: async () => good(undefined),
    getConnectionInfo: () => good({ schemaName: provider === "sqlite" ? undefined : "public", supportsRelationJoins: true }),
  };
  return { ...names, connect: async () => good(database), connectToShadowDb: async () => good(database) };
}

async function sql(provider, files) {
  const made = await engine.SchemaEngine.new({ datamodels: undefined }, () => {}, driver(provider));
  const to = { tag: "schemaDatamodel", files: files.map(([path, content]) => ({ path, content })) };
  const filters = { externalTables: [], externalEnums: [] };
  const answer = await made.diff({ from: { tag: "empty" }, to, script: true, exitCode: null, filters });
  return answer.stdout ?? "";
}

const answers = [];
for (const { provider, files } of JSON.parse(readFileSync(0, "utf8"))) {
  try {
    if (provider === "postgres" || provider === "sqlite") {
      answers.push({ sql: await sql(provider, files) });
    } else {
      validate(JSON.stringify({ prismaSchema: files, noColor: true }));
      answers.push({ sql: "" });
    }
  } catch (error) {
    answers.push({ refused: String(error.message ?? error) });
  }
}
process.stdout.write(JSON.stringify(answers));
