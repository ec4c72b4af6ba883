import { file, requests, type Service, withPackages } from './service.ts';

const SERVER = `const { execFile } = require('node:child_process');
const fs = require('node:fs');
const { Worker } = require('node:worker_threads');
const express = require('express');
const orders = require('./orders');

fs.mkdirSync('/srv/app/uploads', { recursive: true });
const log = fs.createWriteStream('/srv/app/access.log', { flags: 'a' });
const app = express();
app.use((request, _, next) => { log.write(request.url + '\\n'); next(); });
app.get('/', (_, response) => response.send(require('./page')(orders.recent())));
app.post('/order', express.text(), (request, response) => response.json(orders.place(request.body)));
app.put('/picture/:name', express.raw({ type: () => true, limit: '2mb' }), (request, response) => {
  fs.writeFileSync('/srv/app/uploads/' + request.params.name, request.body);
  response.json({ ok: true });
});
app.use('/picture', express.static('/srv/app/uploads'));
app.get('/worker', (_, response) =>
  new Worker(__dirname + '/worker.js').once('message', (answer) => response.json(answer)));
app.get('/program', (_, response) => execFile('date', (error, text) => response.status(error ? 500 : 200).send(text)));
app.get('/lazily', async (_, response) => response.json((await import('./reports.mjs')).report()));
process.on('SIGTERM', () => process.exit());
app.listen(8000, '127.0.0.1');
`;
const ORDERS = `const fs = require('node:fs');
const path = '/srv/app/orders.json';
const all = fs.existsSync(path) ? JSON.parse(fs.readFileSync(path)) : [];
exports.recent = () => all.slice(-5);
exports.place = (what) => {
  all.push(what);
  fs.writeFileSync(path + '.new', JSON.stringify(all));
  fs.renameSync(path + '.new', path);
  return { number: all.length };
};
`;

/** Node.js with express, modules that are loaded when they are first asked for, and a worker thread. */
export const nodeWeb: Service = {
  name: 'node-web',
  dockerfile: withPackages(
    'nodejs node-express apache2-utils curl',
    file('/srv/app/server.js', SERVER),
    file('/srv/app/orders.js', ORDERS),
    file('/srv/app/page.js', "module.exports = (orders) => '<html>' + orders.join('<br>') + '</html>';\n"),
    file('/srv/app/worker.js', "require('node:worker_threads').parentPort.postMessage({ answer: 42 });\n"),
    file('/srv/app/reports.mjs', 'export const report = () => ({ lines: 3 });\n'),
  ),
  command: ['node', '/srv/app/server.js'],
  ready: 'curl -fsS -o /dev/null http://127.0.0.1:8000/',
  load: [
    requests(2000, 'http://127.0.0.1:8000/'),
    'for i in $(seq 50); do curl -fsS -o /dev/null -H content-type:text/plain -d "a thing" http://127.0.0.1:8000/order; done',
    'head -c 300000 /dev/urandom > /tmp/picture.png && curl -fsS -o /dev/null -T /tmp/picture.png http://127.0.0.1:8000/picture/one.png',
    requests(100, 'http://127.0.0.1:8000/picture/one.png'),
    requests(40, 'http://127.0.0.1:8000/program'),
    requests(40, 'http://127.0.0.1:8000/worker'),
    'curl -fsS -o /dev/null http://127.0.0.1:8000/lazily',
  ],
  operate: [
    'cp /srv/app/access.log /srv/app/access.log.1 && : > /srv/app/access.log && gzip -f /srv/app/access.log.1',
  ],
};
