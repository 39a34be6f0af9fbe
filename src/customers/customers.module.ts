import { Module } from '@nestjs/common';
import { Customers } from './customers.js';
import { CustomersController } from './customers.controller.js';

@Module({ controllers: [CustomersController], providers: [Customers], exports: [Customers] })
export class CustomersModule {}
