/** `npm start`, and lines that tell what the process takes, and what the machine lets it have. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { sampleWait } from './machine-wait.ts';

const delay = monitorEventLoopDelay({ resolution: 20 });
delay.enable();
setInterval(() => {
  const { user, system } = process.cpuUsage();
  const megabytes = Math.round(process.resourceUsage().maxRSS / 1024);
  const stalledMs = Math.round(delay.max / 1e6);
  delay.reset();
  console.log(JSON.stringify({ taken: { megabytes, stalledMs, cpuSeconds: (user + system) / 1e6 } }));
}, 1000).unref();
setInterval(() => console.log(JSON.stringify({ waited: sampleWait() })), 100).unref();

await import('#local/start.ts');
