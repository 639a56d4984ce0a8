// @ts-check
import { applications } from './applications.mjs';
import { comparison } from './comparison.mjs';
import { crowd } from './crowd.mjs';
import { growth } from './growth.mjs';
import { layers } from './layers.mjs';
import { memory } from './memory.mjs';
import { redis } from './redis.mjs';
import { starts } from './starts.mjs';

/**
 * What is measured beside requests.
 * @typedef {{ id: string, title: string, run: (stage: import('../bench.mjs').Stage) => Promise<import('../bench.mjs').Section> }} SectionOf
 */

/** @type {readonly SectionOf[]} */
export const SECTIONS = [comparison, applications, redis, layers, crowd, growth, memory, starts];
