import 'reflect-metadata';
import { RequestMethod, type DynamicModule, type Type } from '@nestjs/common';
import {
  HEADERS_METADATA,
  HTTP_CODE_METADATA,
  METHOD_METADATA,
  MODULE_METADATA,
  PARAMTYPES_METADATA,
  PATH_METADATA,
  ROUTE_ARGS_METADATA,
} from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import { AppModule } from '../src/app.module.js';
import { ALSO_ANSWERS } from '../src/platform/http/also.answers.js';
import { WITHOUT_KEY } from '../src/platform/http/without.key.js';
import type { ListSpec } from '../src/platform/http/list.js';
import type { PlatformParts } from '../src/platform/platform.module.js';

/** A route as its controller declares it. */
export interface Route {
  controller: string;
  handler: string;
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** As OpenAPI writes it: `/v1/plans/{id}`. */
  path: string;
  status: number;
  contentType: string;
  /** Other statuses that it answers with in the same shape, and when. */
  alsoAnswers: Readonly<Record<number, string>>;
  needsKey: boolean;
  /** The class of its body, where it takes one. */
  body: Type<object> | null;
  list: ListSpec | null;
  /** A report's range, and by what it may be divided. */
  intervals: readonly string[] | null;
}

interface Argument {
  index: number;
  data: unknown;
}

/** Every route of every controller that the application is made of. */
export function routes(): Route[] {
  // Only what the modules are made of is looked at; nothing is started.
  const app = AppModule.with({ config: { LOG_LEVEL: 'silent' } } as PlatformParts);
  return controllersOf(app, new Set()).flatMap(routesOf);
}

function controllersOf(module: DynamicModule | Type, seen: Set<unknown>): Type<object>[] {
  const { module: type, imports = [], controllers = [] } = 'module' in module ? module : { module };
  if (seen.has(type)) return [];
  seen.add(type);
  const all = [...imports, ...((Reflect.getMetadata(MODULE_METADATA.IMPORTS, type) ?? []) as Type[])];
  const own = [...controllers, ...((Reflect.getMetadata(MODULE_METADATA.CONTROLLERS, type) ?? []) as Type[])];
  return [...own, ...all.flatMap((imported) => controllersOf(imported as DynamicModule | Type, seen))] as Type<object>[];
}

function routesOf(controller: Type<object>): Route[] {
  const prefix = Reflect.getMetadata(PATH_METADATA, controller) as string;
  const prototype = controller.prototype as Record<string, () => unknown>;
  return Object.getOwnPropertyNames(prototype).flatMap((handler) => {
    const function_ = prototype[handler] as () => unknown;
    const path = Reflect.getMetadata(PATH_METADATA, function_) as string | undefined;
    if (handler === 'constructor' || path === undefined) return [];
    const method = RequestMethod[Reflect.getMetadata(METHOD_METADATA, function_) as number]?.toLowerCase() as Route['method'];
    const status = (Reflect.getMetadata(HTTP_CODE_METADATA, function_) as number | undefined) ?? (method === 'post' ? 201 : 200);
    const whole = `/${prefix}/${path}`.replace(/\/+/g, '/').replace(/(.)\/$/, '$1').replace(/:(\w+)/g, '{$1}');
    const open = [function_, controller].some((target) => Reflect.getMetadata(WITHOUT_KEY, target) === true);
    return [
      {
        controller: controller.name,
        handler,
        method,
        path: whole,
        status,
        contentType: contentTypeOf(function_),
        alsoAnswers: (Reflect.getMetadata(ALSO_ANSWERS, function_) as Route['alsoAnswers'] | undefined) ?? {},
        needsKey: !open,
        ...argumentsOf(controller, handler),
      },
    ];
  });
}

function contentTypeOf(function_: () => unknown): string {
  const headers = (Reflect.getMetadata(HEADERS_METADATA, function_) ?? []) as { name: string; value: string }[];
  const [type] = headers.flatMap(({ name, value }) => (name.toLowerCase() === 'content-type' ? [value] : []));
  return type?.split(';')[0] ?? 'application/json';
}

function argumentsOf(controller: Type<object>, handler: string): Pick<Route, 'body' | 'list' | 'intervals'> {
  const declared = Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, handler) as Record<string, Argument> | undefined;
  const types = Reflect.getMetadata(PARAMTYPES_METADATA, controller.prototype as object, handler) as Type<object>[];
  const args = Object.entries(declared ?? {});
  const body = args.find(([key]) => key.startsWith(`${RouteParamtypes.BODY}:`))?.[1];
  const data = args.map(([, argument]) => argument.data);
  return {
    body: body ? (types[body.index] as Type<object>) : null,
    list: (data.find((one) => typeof one === 'object' && one !== null && 'filters' in one) as ListSpec | undefined) ?? null,
    intervals: (data.find(Array.isArray) as readonly string[] | undefined) ?? null,
  };
}
