// npm gun's own relay, as its examples start it: radisk and AXE on. Prints one JSON line when it listens.
const http = require("node:http");
const log = console.log;
console.log = () => {};
const Gun = require("gun");
const [folder, port = "0"] = process.argv.slice(2);
const server = http.createServer(Gun.serve ? Gun.serve(__dirname) : undefined);
server.listen(Number(port), "127.0.0.1", () => {
  Gun({ web: server, file: folder, multicast: false });
  log(JSON.stringify({ gun: `ws://127.0.0.1:${server.address().port}/gun` }));
});
