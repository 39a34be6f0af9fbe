import type { paths } from '../../client/schema.js';

/** Whether a path as it is called is one that is documented: `/v1/plans/tea` is `/v1/plans/{id}`. */
type Fits<Path extends string, Documented extends string> = Documented extends `${infer Part}/${infer Rest}`
  ? Path extends `${infer Given}/${infer Further}`
    ? FitsPart<Given, Part> extends true
      ? Fits<Further, Rest>
      : false
    : false
  : Path extends `${string}/${string}`
    ? false
    : FitsPart<Path, Documented>;

type FitsPart<Given extends string, Part extends string> = Part extends `{${string}}` ? true : Given extends Part ? true : false;

type WithoutQuery<Path extends string> = Path extends `${infer Bare}?${string}` ? Bare : Path;

/** The documented path of one that is called. */
type Documented<Path extends string> = { [P in keyof paths]: Fits<WithoutQuery<Path>, P> extends true ? P : never }[keyof paths];

/** Whether a path is put together so that nobody knows before it runs what is asked for. */
type IsOpen<Path extends string> = [Documented<Path>] extends [never] ? true : false;

type Operation<Path extends string, Method extends 'get' | 'post'> = paths[Documented<Path>][Method];

type Good<Responses> = Responses extends { 200: infer Response } | { 201: infer Response } | { 202: infer Response } ? Response : never;

/** What a call is answered with when all is well, by the document of the interface. */
export type Answer<Path extends string, Method extends 'get' | 'post'> = IsOpen<Path> extends true
  ? any
  : Operation<Path, Method> extends { responses: infer Responses }
    ? Good<Responses> extends { content: { 'application/json': infer Body } }
      ? Body
      : never
    : never;

/** One of the things that a list holds. */
export type Item<Path extends string> = IsOpen<Path> extends true ? any : Answer<Path, 'get'> extends { data: (infer Thing)[] } ? Thing : never;

/** What a call may be given. */
export type Body<Path extends string> = IsOpen<Path> extends true
  ? object
  : Operation<Path, 'post'> extends { requestBody?: { content: { 'application/json': infer Given } } }
    ? Given
    : never;
