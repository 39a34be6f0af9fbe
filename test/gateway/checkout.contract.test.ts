import { openSandboxBench } from './checkout.bench.js';
import { describeGateway } from './contract.js';

describeGateway('Checkout.com', openSandboxBench);
