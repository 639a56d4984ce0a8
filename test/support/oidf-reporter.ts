import type { Reporter, TestCase, TestModule } from 'vitest/node';
import { isOf, ported, summaryOf } from './oidf-modules.js';

/** Says at the end of a run how many modules of the OpenID Foundation passed; nothing where none was run. */
export default class OidfReporter implements Reporter {
  onTestRunEnd(files: readonly TestModule[]): void {
    const tests = files.flatMap((file) => [...file.children.allTests()]).filter((test) => modulesOf(test).length > 0);
    if (tests.length === 0) return;
    const passed = ported.filter((module) => {
      const own = tests.filter((test) => modulesOf(test).includes(module));
      return own.length > 0 && own.every((test) => test.result().state === 'passed');
    });
    process.stdout.write(`${summaryOf(passed.length)}\n`);
  }
}

function modulesOf({ name, parent }: TestCase): string[] {
  const titles = [name];
  for (let each = parent; each.type === 'suite'; each = each.parent) titles.push(each.name);
  return ported.filter((module) => titles.some((title) => isOf(title, module)));
}
