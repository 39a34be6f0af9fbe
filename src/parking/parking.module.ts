import { Module } from '@nestjs/common';
import { ParkedController } from './parked.controller.js';
import { Parking } from './parking.js';

@Module({ controllers: [ParkedController], providers: [Parking], exports: [Parking] })
export class ParkingModule {}
