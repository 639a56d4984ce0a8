// @ts-check
// Loaded into every server that is measured: what it has used, as the process itself knows it.
process.on('message', (message) => {
  if (message !== 'usage') return;
  const { user, system } = process.cpuUsage();
  process.send?.({ type: 'usage', cpu: user + system, rss: process.memoryUsage.rss() });
});
