import { z } from "zod";
import { didYouMean } from "../nearest.ts";
import {
	DURATION,
	formatDuration,
	formatSize,
	parseDuration,
	parseSize,
	SIZE,
} from "../units.ts";

/*
 * The kinds of values that options have. Each is a codec: it decodes the spelling that people write in a file, a
 * flag or a variable, and encodes it back, so that what is printed can be pasted where it came from.
 */

/** The longest that Node's timers can wait, in whole days; above 2^31 - 1 ms they fire at once. */
export const LONGEST_TIMER = "24d";

/** Text on one line, with nothing in it that moves a terminal's cursor. */
export function printable(value: string): string {
	return value.replace(
		/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu,
		(character) =>
			`\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
	);
}

/** A value as an error message shows it: printable, at most 64 characters. */
export function quoted(value: unknown): string {
	if (typeof value === "string")
		return `'${printable(value.length > 64 ? `${value.slice(0, 63)}…` : value)}'`;
	if (Array.isArray(value)) return "a list";
	return typeof value === "object" && value !== null
		? "an object"
		: String(value);
}

/** Text that must match a pattern. */
function patterned(
	pattern: RegExp,
	message: (input: unknown) => string,
): z.ZodString {
	const error = (issue: { input?: unknown }) => message(issue.input);
	return z.string({ error }).regex(pattern, { error });
}

/** Text that a function has nothing against; it answers what is wrong, or undefined. */
export function text(
	problem: (value: string) => string | undefined = () => undefined,
): z.ZodString {
	return z
		.string({ error: ({ input }) => `must be text, not ${quoted(input)}` })
		.superRefine((value, context) => {
			const message = value.isWellFormed()
				? problem(value)
				: "must not contain lone surrogates";
			if (message !== undefined) context.addIssue({ code: "custom", message });
		});
}

/** The name of a file or a folder, relative to the working directory. */
export function path(): z.ZodString {
	return text((value) => {
		if (value === "") return "must not be empty";
		return value.includes("\0") ? "must not contain NUL" : undefined;
	});
}

/** One of a few words. */
export function choice<const T extends string>(
	words: readonly T[],
): z.ZodType<T, T> {
	return z.enum(words, {
		error: ({ input }) =>
			`must be ${oneOf(words)}, not ${quoted(input)}${typeof input === "string" ? didYouMean(input, words) : ""}`,
	}) as unknown as z.ZodType<T, T>;
}

/** A whole number within bounds, both included. */
export function integer(
	min: number,
	max: number = Number.MAX_SAFE_INTEGER,
): z.ZodType<number, number> {
	const bounds =
		max === Number.MAX_SAFE_INTEGER
			? `of ${min} or more`
			: `from ${min} to ${max}`;
	const error = ({ input }: { input?: unknown }) =>
		`must be a whole number ${bounds}, not ${quoted(input)}`;
	return z.int({ error }).min(min, { error }).max(max, { error });
}

/** Yes or no. */
export function boolean(): z.ZodType<boolean, boolean> {
	return z.boolean({
		error: ({ input }) => `must be true or false, not ${quoted(input)}`,
	});
}

/** Bounds of a duration or a size as people write them, both included; `because` says why the upper one exists. */
interface Bounds {
	readonly min: string;
	readonly max: string;
	readonly because?: string;
}

/** A duration, decoded to ms. A bare number is refused, because nobody can tell its unit; 0 needs none. */
export function duration({
	min,
	max,
	because,
}: Bounds): z.ZodType<number, string | number> {
	const message = (input: unknown) =>
		`must be a duration such as 500ms, 15s, 10m, 2h or 7d, not ${quoted(input)}${unitHint(input)}`;
	const written = patterned(DURATION, message);
	// The codec decodes to a number, and what may be 0 may also be the number 0 in JSON.
	const given =
		parseDuration(min) === 0
			? z.union([written, z.literal(0)], {
					error: ({ input }) => message(input),
				})
			: written;
	return bounded(
		given,
		(value) => parseDuration(String(value)) as number,
		formatDuration,
		{
			min,
			max,
			...(because && { because }),
		},
	);
}

/** A size, decoded to bytes: a whole number of 1024-based units, or of bytes. */
export function size({
	min,
	max,
	because,
}: Bounds): z.ZodType<number, string | number> {
	const message = (input: unknown) =>
		`must be a size such as 64kb, 8mb or 1gb, not ${quoted(input)}`;
	const error = ({ input }: { input?: unknown }) => message(input);
	const given = z.union([patterned(SIZE, message), z.int().min(0)], { error });
	return bounded(
		given,
		(value) => parseSize(String(value)) as number,
		formatSize,
		{ min, max, ...(because && { because }) },
	);
}

function bounded(
	given: z.ZodType<string | number, string | number>,
	decode: (value: string | number) => number,
	encode: (value: number) => string,
	{ min, max, because }: Bounds,
): z.ZodType<number, string | number> {
	return z.codec(given, z.number(), {
		decode: (value, context) => {
			const amount = decode(value);
			if (amount >= decode(min) && amount <= decode(max)) return amount;
			const bound =
				amount < decode(min)
					? `at least ${min}`
					: `at most ${max}${because ? ` (${because})` : ""}`;
			context.issues.push({
				code: "custom",
				input: value,
				message: `must be ${bound}, not ${quoted(String(value))}`,
			});
			return z.NEVER;
		},
		encode,
	});
}

/** A duration that can also be `off`, which decodes to 0. */
export function maybeOff(
	type: z.ZodType<number, string | number>,
): z.ZodType<number, string | number> {
	return z.codec(
		z.union([z.string(), z.number()], {
			error: ({ input }) => `must be a duration or off, not ${quoted(input)}`,
		}),
		z.number(),
		{
			decode: (value, context) => {
				if (value === "off") return 0;
				const result = type.safeParse(value);
				if (result.success) return result.data;
				for (const { message } of result.error.issues)
					context.issues.push({
						code: "custom",
						input: value,
						message: `${message}; or off`,
					});
				return z.NEVER;
			},
			encode: (value) =>
				value === 0 ? "off" : (z.encode(type, value) as string),
		},
	);
}

function unitHint(input: unknown): string {
	if (!/^[0-9]{1,12}$/.test(String(input))) return "";
	return `; a bare number has no unit: write ${input}s or ${input}ms`;
}

/** Several values: a list, or a single one. Paths of its issues name the entry by its number. */
export function list<T>(
	item: z.ZodType<T, string>,
	min = 0,
): z.ZodType<readonly T[], string | readonly string[]> {
	const given = z.union([z.string(), z.array(z.string())], {
		error: ({ input }) =>
			`must be a string or a list of strings, not ${quoted(input)}`,
	});
	return z.codec(given, z.array(item).min(min, "must not be empty"), {
		decode: (value) => (typeof value === "string" ? [value] : value),
		encode: (values) => [...values],
	}) as unknown as z.ZodType<readonly T[], string | readonly string[]>;
}

/** Text that means something with parts: decoded by `decode`, which answers its problem as a string. */
export function structured<T extends object>(
	decode: (value: string) => T | string,
	encode: (value: T) => string,
): z.ZodType<T, string> {
	return z.codec(text(), z.custom<T>(), {
		decode: (value, context) => {
			const decoded = decode(value);
			if (typeof decoded !== "string") return Object.freeze(decoded);
			context.issues.push({ code: "custom", input: value, message: decoded });
			return z.NEVER;
		},
		encode,
	});
}

/** A value that may be missing, which JSON writes as null. */
export function optional<T, I>(
	schema: z.ZodType<T, I>,
): z.ZodType<T | undefined, I | null> {
	return z.codec(z.nullable(schema), z.custom<T | undefined>(), {
		decode: (value) => value ?? undefined,
		encode: (value) => (value === undefined ? null : value),
	}) as unknown as z.ZodType<T | undefined, I | null>;
}

function oneOf(words: readonly string[]): string {
	return `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}
