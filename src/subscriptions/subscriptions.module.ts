import { Module } from '@nestjs/common';
import { CasesModule } from '../cases/cases.module.js';
import { CustomersModule } from '../customers/customers.module.js';
import { ParkingModule } from '../parking/parking.module.js';
import { PaymentsModule } from '../payments/payments.module.js';
import { PlansModule } from '../plans/plans.module.js';
import { WalletsModule } from '../wallets/wallets.module.js';
import { SubscriptionChanges } from './changes.js';
import { Checkout } from './checkout.js';
import { InvoiceActions } from './invoice.actions.js';
import { InvoiceActionsController } from './invoice.actions.controller.js';
import { Living } from './living.js';
import { SignUp } from './sign.up.js';
import { SubscriptionPresenter } from './subscription.presenter.js';
import { SubscriptionsController } from './subscriptions.controller.js';

@Module({
  imports: [CasesModule, CustomersModule, ParkingModule, PaymentsModule, PlansModule, WalletsModule],
  controllers: [SubscriptionsController, InvoiceActionsController],
  providers: [Checkout, InvoiceActions, Living, SignUp, SubscriptionChanges, SubscriptionPresenter],
  exports: [Checkout, Living],
})
export class SubscriptionsModule {}
