// A jsmodbus server for the tests: prints its port, then answers until it is ended.
'use strict'
const net = require('net')
const modbus = require(require.resolve('jsmodbus', { paths: [process.argv[2]] }))

const listener = new net.Server()
const holding = Buffer.alloc(128)
const input = Buffer.alloc(128)
for (let place = 0; place < 64; place++) {
  holding.writeUInt16BE(3000 + place, 2 * place)
  input.writeUInt16BE(4000 + place, 2 * place)
}
new modbus.server.TCP(listener, { holding, input, coils: Buffer.from([1, 0]), discrete: Buffer.from([8, 0]) })
listener.listen(0, '127.0.0.1', () => console.log(listener.address().port))
