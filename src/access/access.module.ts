import { Module } from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import { ApiKeyGuard } from './api.key.guard.js';
import { ApiKeys } from './api.keys.js';
import { ApiKeysController } from './api.keys.controller.js';
import { AuditController } from './audit.controller.js';
import { AuditLog } from './audit.log.js';
import { IdempotencyKeys } from './idempotency.keys.js';
import { WritesInterceptor } from './writes.interceptor.js';

@Module({
  controllers: [ApiKeysController, AuditController],
  providers: [
    ApiKeys,
    AuditLog,
    IdempotencyKeys,
    { provide: APP_GUARD, useClass: ApiKeyGuard },
    { provide: APP_INTERCEPTOR, useClass: WritesInterceptor },
  ],
  exports: [ApiKeys, IdempotencyKeys],
})
export class AccessModule {}
