import { Injectable, type OnModuleInit, type Type } from '@nestjs/common';
import { PATH_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { policyOf, type RoutePolicy } from './route-policy.js';

type Handler = (...args: never[]) => unknown;

/** Refuses to start when a route declares nothing about access: deny by default begins before the first request. */
@Injectable()
export class RouteDeclarations implements OnModuleInit {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
  ) {}

  onModuleInit(): void {
    this.policies();
  }

  /** The policy of every route, by `Controller.method`. Throws for a route without one. */
  policies(): Map<string, RoutePolicy> {
    const policies = new Map<string, RoutePolicy>();
    for (const { metatype, instance } of this.discovery.getControllers()) {
      if (typeof metatype !== 'function') continue;
      const prototype = Object.getPrototypeOf(instance) as Record<string, Handler>;
      for (const name of this.scanner.getAllMethodNames(prototype)) {
        const handler = prototype[name];
        if (!handler || !Reflect.hasMetadata(PATH_METADATA, handler)) continue;
        policies.set(`${metatype.name}.${name}`, policyOf(metatype as Type, handler));
      }
    }
    return policies;
  }
}
