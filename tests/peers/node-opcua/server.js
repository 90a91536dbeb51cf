// A node-opcua server on loopback: open, user name only, secured only, or "trusting": all policies with
// security for anonymous and the user, if DIR/client.pem is there to be trusted. `node server.js MODE DIR [SETTINGS]`
// DIR takes its certificates. Prints {"port": N} when it listens and ends with its standard input.
// SETTINGS is JSON: certificate and key (its own, as files), hostname (that it advertises), clients (further
// ones to trust), people (a certificate that is a user), anonymous (false: off), maxSessions, shiftDays (of its clock),
// policies (with security, by name: these alone), conformance (true: the address space of its own sample server too).
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const net = require("node:net");
const [mode, folder, text] = process.argv.slice(2);
const settings = JSON.parse(text || "{}");
if (settings.shiftDays) {
  const Real = Date;
  const shift = settings.shiftDays * 86_400_000;
  globalThis.Date = class extends Real {
    constructor(...given) { given.length ? super(...given) : super(Real.now() + shift); }
    static now() { return Real.now() + shift; }
  };
}
const modules = process.env.UNTRAP_NODE_MODULES || path.join(__dirname, "../../../.peers/node_modules");
const load = (name) => require(require.resolve(name, { paths: [modules] }));
let opcua;
try {
  opcua = load("node-opcua");
} catch (error) {
  opcua = load("node-opcua-server");
}
const { OPCUAServer, MessageSecurityMode, SecurityPolicy, OPCUACertificateManager } = opcua;
const { Variant, DataType, StatusCodes, UserTokenType } = {
  ...load("node-opcua-variant"), ...load("node-opcua-data-model"), ...load("node-opcua-types"),
  ...load("node-opcua-status-code"),
};
const certificates = load("node-opcua-certificate-manager");

const secured = [MessageSecurityMode.Sign, MessageSecurityMode.SignAndEncrypt];
const open = [MessageSecurityMode.None];
const noneOpen = mode === "secured" || mode === "trusting";
const policies = [SecurityPolicy.Basic256Sha256];
if (mode === "trusting") policies.push(SecurityPolicy.Aes128_Sha256_RsaOaep, SecurityPolicy.Aes256_Sha256_RsaPss);

if (settings.policies) policies.splice(0, policies.length, ...settings.policies.map((name) => SecurityPolicy[name]));

function freePort() {
  return new Promise((resolve) => {
    const probe = net.createServer();
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

async function main() {
  const port = await freePort();
  const Manager = OPCUACertificateManager || certificates.OPCUACertificateManager;
  const manager = new Manager({ rootFolder: path.join(folder, "pki"), automaticallyAcceptUnknownCertificate: false });
  await manager.initialize();
  const { readCertificate } = load("node-opcua-crypto");
  const ours = path.join(folder, "client.pem");
  for (const file of [ours, ...(settings.clients || [])]) {
    if (fs.existsSync(file)) await manager.trustCertificate(readCertificate(file));
  }
  const people = new Manager({ rootFolder: path.join(folder, "user"), name: "user" });
  await people.initialize();
  if (settings.people) await people.trustCertificate(readCertificate(settings.people));
  const server = new OPCUAServer({
    port,
    host: "127.0.0.1",
    hostname: settings.hostname,
    certificateFile: settings.certificate,
    privateKeyFile: settings.key,
    serverCertificateManager: manager,
    userCertificateManager: people,
    securityModes: noneOpen ? secured : open.concat(mode === "user" ? secured : []),
    securityPolicies: noneOpen ? policies : [SecurityPolicy.None].concat(policies),
    allowAnonymous: settings.anonymous ?? mode !== "user",
    userManager: { isValidUser: (user, password) => user === "reader" && password === "right" },
    serverInfo: { applicationUri: "urn:node:peer", productUri: "urn:node:product" },
    buildInfo: { manufacturerName: "Peer works", productName: "Peer server", softwareVersion: "4.2" },
    serverCapabilities: { maxSessions: settings.maxSessions, operationLimits: { maxNodesPerBrowse: 7, maxNodesPerRead: 20 } },
  });
  await server.initialize();
  const space = server.engine.addressSpace;
  const own = space.getOwnNamespace();
  const pump = own.addObject({ browseName: "Pump", organizedBy: space.rootFolder.objects });
  own.addAnalogDataItem({
    browseName: "Temperature", componentOf: pump, dataType: "Double",
    engineeringUnitsRange: { low: -20, high: 120 },
    engineeringUnits: load("node-opcua-data-access").standardUnits.degree_celsius,
    value: { get: () => new Variant({ dataType: DataType.Double, value: 21.5 }) },
  });
  for (let number = 0; number < 30; number += 1) {
    own.addVariable({
      browseName: `Value${number}`, componentOf: pump, dataType: "Int32",
      value: { get: () => new Variant({ dataType: DataType.Int32, value: number }) },
    });
  }
  if (settings.conformance) {
    const sample = load("node-opcua-address-space-for-conformance-testing");
    await sample.build_address_space_for_conformance_testing(space, { mass_variables: false });
  }
  await server.start();
  process.stdout.write(JSON.stringify({ port }) + "\n");
  process.stdin.on("end", async () => { await server.shutdown(0); process.exit(0); });
  process.stdin.resume();
}

main().catch((error) => { process.stderr.write(String(error.stack)); process.exit(1); });
