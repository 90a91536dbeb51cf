// Reads every property of the Thing Descriptions in a folder with Eclipse node-wot; prints JSON.
"use strict";
const fs = require("fs");
const path = require("path");
const { Servient, Helpers } = require("@node-wot/core");
const { ModbusClientFactory } = require("@node-wot/binding-modbus");
const { OPCUAClientFactory } = require("@node-wot/binding-opcua");

function within(promise, milliseconds) {
  const late = new Promise((_, reject) => {
    setTimeout(() => reject(new Error("no value in time")), milliseconds);
  });
  return Promise.race([promise, late]);
}

async function main(folder) {
  const servient = new Servient();
  servient.addClientFactory(new ModbusClientFactory());
  servient.addClientFactory(new OPCUAClientFactory());
  const wot = await servient.start();
  const found = {};
  for (const name of fs.readdirSync(folder).sort()) {
    const description = JSON.parse(fs.readFileSync(path.join(folder, name), "utf-8"));
    const thing = await wot.consume(description);
    const values = (found[description.title] = {});
    for (const key of Object.keys(description.properties)) {
      try {
        values[key] = await within(
          thing.readProperty(key).then((answer) => answer.value()),
          15000,
        );
      } catch (error) {
        values[key] = `error: ${error.message}`;
      }
    }
  }
  console.log(JSON.stringify(found));
  process.exit(0);
}

main(process.argv[2]).catch((error) => {
  console.error(error);
  process.exit(1);
});
