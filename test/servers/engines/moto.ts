import { fetchMoto, MOTO_PYTHON, MOTO_VERSION } from '../fetching/python-packages.ts';
import { freePort, startProgram } from '../program.ts';
import type { RealServer } from '../real-server.ts';
import { targetAt } from './keys.ts';

export const moto: RealServer = {
  id: 'moto',
  name: 'moto',
  version: MOTO_VERSION,
  how: 'PyPI, `moto_server`, in memory',
  fetch: fetchMoto,
  async start(folder) {
    const port = await freePort();
    const values = ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)];
    const running = await startProgram({ command: MOTO_PYTHON, values, folder, port });
    return { ...targetAt(port), stop: () => running.stop() };
  },
};
