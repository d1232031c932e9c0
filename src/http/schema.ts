import type { z } from 'zod';
import type { Issue } from '../errors.ts';
import { didYouMean } from '../nearest.ts';

/** What a schema has against a JSON body, in our words. @param known the fields that there are */
export function readable(issues: readonly z.core.$ZodIssue[], known: readonly string[]): Issue[] {
  return issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => ({ pointer: `/${key}`, detail: `unknown field${didYouMean(key, known)}` }));
    return [{ pointer: issue.path.length === 0 ? '' : `/${issue.path.join('/')}`, detail: issue.message }];
  });
}
