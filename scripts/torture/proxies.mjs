// @ts-check
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Fault } from '../lib/faults.mjs';
import { developmentCertificate } from '../lib/certificate.mjs';
import { root } from '../lib/files.mjs';
import { freePort } from '../lib/network.mjs';
import { until } from '../lib/until.mjs';

/**
 * One of the example configurations, as it is but for places that are the machine's.
 * @param {string} name a file in ops/
 * @param {Record<string, string>} places text of the file, and what stands for it
 */
function exampleWith(name, places) {
  let text = readFileSync(join(root, 'ops', name), 'utf8');
  for (const [from, to] of Object.entries(places)) {
    if (!text.includes(from)) throw new Fault(`ops/${name} does not say ${from} any more.`);
    text = text.replaceAll(from, to);
  }
  return text;
}

/**
 * @typedef {{ folder: string, port: number, plainPort: number, instances: [number, number] }} Places
 * @typedef {{ file: string, ca: string, check: string[], run: string[] }} Prepared
 */

/**
 * ops/haproxy.cfg for these ports, and how it is checked and run.
 * @param {Places} places
 * @returns {Promise<Prepared>}
 */
export async function prepareHaproxy({ folder, port, plainPort, instances }) {
  const { certFile, keyFile } = await developmentCertificate(folder);
  const ca = readFileSync(certFile, 'utf8');
  const pem = join(folder, 'api.pem');
  writeFileSync(pem, `${ca}\n${readFileSync(keyFile, 'utf8')}`, { mode: 0o600 });
  const file = join(folder, 'haproxy.cfg');
  const text = exampleWith('haproxy.cfg', {
    'bind :443': `bind 127.0.0.1:${port}`,
    'bind :80': `bind 127.0.0.1:${plainPort}`,
    '/etc/haproxy/certs/api.pem': pem,
    '/run/haproxy/admin.sock': join(folder, 'admin.sock'),
    '127.0.0.1:3001': `127.0.0.1:${instances[0]}`,
    '127.0.0.1:3002': `127.0.0.1:${instances[1]}`,
  });
  writeFileSync(file, text);
  return { file, ca, check: ['-c', '-f', file], run: ['-db', '-f', file] };
}

/**
 * ops/nginx.conf for these ports, and how it is checked and run.
 * @param {Places} places
 * @returns {Promise<Prepared>}
 */
export async function prepareNginx({ folder, port, plainPort, instances }) {
  const { certFile, keyFile } = await developmentCertificate(folder);
  const file = join(folder, 'nginx.conf');
  // Folders that only a packaged nginx may write.
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `    ${name}_temp_path ${join(folder, `${name}_temp`)};\n`,
  );
  const text = exampleWith('nginx.conf', {
    'listen 443': `listen 127.0.0.1:${port}`,
    'listen 80': `listen 127.0.0.1:${plainPort}`,
    '/etc/nginx/certs/api.crt': certFile,
    '/etc/nginx/certs/api.key': keyFile,
    '/run/nginx.pid': join(folder, 'nginx.pid'),
    '/var/log/nginx/error.log': 'stderr',
    'http {\n': `http {\n${temporary.join('')}`,
    '127.0.0.1:3001': `127.0.0.1:${instances[0]}`,
    '127.0.0.1:3002': `127.0.0.1:${instances[1]}`,
  });
  // As root nginx would give its workers to a user who cannot look into our folder.
  writeFileSync(file, process.getuid?.() === 0 ? `user root;\n${text}` : text);
  const base = ['-p', folder, '-e', 'stderr', '-c', file];
  return { file, ca: readFileSync(certFile, 'utf8'), check: [...base, '-t'], run: [...base, '-g', 'daemon off;'] };
}

/** @typedef {{ port: number, ca: string, everyoneIsUp: () => Promise<unknown> }} Proxy */

/**
 * @param {import('./lab.mjs').Lab} lab
 * @param {'haproxy' | 'nginx'} name
 * @param {[number, number]} instances
 * @returns {Promise<Proxy>}
 */
export async function startProxy(lab, name, instances) {
  const places = { folder: lab.folder, port: await freePort(), plainPort: await freePort(), instances };
  const { run, ca } = await (name === 'haproxy' ? prepareHaproxy : prepareNginx)(places);
  const proxy = lab.background(name, run);
  // The workers of nginx would outlive a master that is killed.
  lab.atEnd(() => proxy.stop('SIGTERM'));
  const admin = join(lab.folder, 'admin.sock');
  await until(() => listens(places.port));
  return {
    port: places.port,
    ca,
    // nginx asks nobody how they are: it tries again a second after a failure.
    everyoneIsUp: () =>
      name === 'haproxy' ? until(() => bothUp(admin)) : new Promise((done) => setTimeout(done, 1100)),
  };
}

/** @param {string} admin which is there a moment after the port */
async function bothUp(admin) {
  const answer = await ask(admin, 'show stat\n').catch(() => '');
  const lines = answer.split('\n');
  return lines.filter((line) => /^api,(one|two),/.test(line) && line.split(',')[17] === 'UP').length === 2;
}

/**
 * @param {string} path of a socket
 * @param {string} question
 * @returns {Promise<string>}
 */
function ask(path, question) {
  return new Promise((done, fail) => {
    let answer = '';
    const socket = connect(path, () => socket.write(question));
    socket.on('data', (chunk) => (answer += chunk.toString()));
    socket.on('end', () => done(answer)).on('error', fail);
  });
}

/**
 * @param {number} port
 * @returns {Promise<boolean>}
 */
function listens(port) {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => done(true));
    socket.on('connect', () => socket.destroy()).on('error', () => done(false));
  });
}
