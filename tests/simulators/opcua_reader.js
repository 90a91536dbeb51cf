// Reads an OPC UA server with node-opcua and prints what it saw as one line of JSON.
"use strict";
const path = require("path");
const opcua = require("node-opcua");

// Two copies of the type package in one tree break the client: its answers are instances of the
// other copy's classes. Exit code 3 says so, instead of blaming the server.
const root = path.dirname(require.resolve("node-opcua"));
const own = require.resolve("node-opcua-types", { paths: [root] });
const client = path.dirname(require.resolve("node-opcua-client", { paths: [root] }));
const channel = require.resolve("node-opcua-secure-channel", { paths: [client] });
if (require.resolve("node-opcua-types", { paths: [path.dirname(channel)] }) !== own) {
  console.error("node-opcua-types is installed twice");
  process.exit(3);
}

async function main(url, names) {
  const client = opcua.OPCUAClient.create({
    endpointMustExist: false,
    connectionStrategy: { maxRetry: 0, initialDelay: 10, maxDelay: 20 },
    requestedSessionTimeout: 30000,
  });
  const found = { endpoints: [], servers: [], browsed: [], values: {} };
  await client.connect(url);
  for (const one of await client.getEndpoints()) {
    found.endpoints.push([one.securityPolicyUri.split("#")[1], one.securityMode]);
  }
  for (const one of await client.findServers()) found.servers.push(one.applicationUri);
  const session = await client.createSession();
  const result = await session.browse("ns=2;s=Press");
  found.browsed = result.references.map((one) => one.browseName.name);
  for (const name of names) {
    const value = await session.read({ nodeId: name, attributeId: opcua.AttributeIds.Value });
    const unitPath = opcua.makeBrowsePath(name, ".0:EngineeringUnits");
    const unit = await session.translateBrowsePath(unitPath);
    let code = null;
    if (unit.statusCode.isGood()) {
      const read = await session.read({ nodeId: unit.targets[0].targetId });
      code = read.value.value.unitId;
    }
    found.values[name] = [value.statusCode.name, value.value.value, code];
  }
  await session.close();
  await client.disconnect();
  console.log(JSON.stringify(found));
}

main(process.argv[2], process.argv.slice(3)).catch((error) => {
  console.error(error.message);
  process.exit(1);
});
