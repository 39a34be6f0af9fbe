import { Module } from '@nestjs/common';
import { Parking } from './parking.js';

@Module({ providers: [Parking], exports: [Parking] })
export class ParkingModule {}
