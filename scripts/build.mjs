// @ts-check
// `npm run build`: dist/ from src/ and migrations/, with the stamp by which `npm start` knows that it is up to date.
import { launch } from './lib/launch.mjs';

await launch(async (stop) => {
  const [{ prepareBuild, prepareRuntime }, { Progress }] = await Promise.all([
    import('./lib/prepare.mjs'),
    import('./lib/progress.mjs'),
  ]);
  const options = { progress: new Progress(), signal: stop.signal };
  const { node } = await prepareRuntime(options);
  await prepareBuild(node, options);
  return 0;
});
