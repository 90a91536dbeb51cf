// A node-opcua client that reads one node again and again: `node client.js URL NODE TIMES EVERY_MS`.
"use strict";
const path = require("node:path");
const { setTimeout: pause } = require("node:timers/promises");
const [url, node, times, every] = process.argv.slice(2);
const modules = process.env.UNTRAP_NODE_MODULES || path.join(__dirname, "../../../.peers/node_modules");
const { OPCUAClient, AttributeIds } = require(require.resolve("node-opcua", { paths: [modules] }));

(async () => {
  const client = OPCUAClient.create({ endpointMustExist: false });
  await client.connect(url);
  const session = await client.createSession();
  for (let place = 0; place < Number(times); place++) {
    const found = await session.read({ nodeId: node, attributeId: AttributeIds.Value });
    if (!found.statusCode.isGood()) throw new Error(found.statusCode.toString());
    await pause(Number(every));
  }
  await session.close();
  await client.disconnect();
})().catch((error) => { console.error(error.message); process.exit(1); });
