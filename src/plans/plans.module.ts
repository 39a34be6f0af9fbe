import { Module } from '@nestjs/common';
import { Plans } from './plans.js';
import { PlansController } from './plans.controller.js';
import { Policies } from './policies.js';
import { PoliciesController } from './policies.controller.js';

@Module({ controllers: [PlansController, PoliciesController], providers: [Plans, Policies], exports: [Plans] })
export class PlansModule {}
