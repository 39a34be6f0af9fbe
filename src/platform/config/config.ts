import 'reflect-metadata';
import { applyDecorators } from '@nestjs/common';
import { plainToInstance, Transform } from 'class-transformer';
import {
  IsBoolean,
  IsEmail,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  IsUrl,
  Length,
  Matches,
  Max,
  Min,
  Validate,
  validateSync,
  ValidatorConstraint,
  type ValidatorConstraintInterface,
} from 'class-validator';
import { CronTime } from 'cron';
import { isCurrency } from '../../domain/money.js';
import { isTimeZone } from '../../domain/calendar.js';

const LOCAL_URL = { require_tld: false, require_protocol: true, protocols: ['http', 'https'] };
const MAIL_URL = { require_tld: false, require_protocol: true, protocols: ['smtp', 'smtps'] };
const POSTGRES_URL = { require_tld: false, require_protocol: true, protocols: ['postgres', 'postgresql'] };

/** Longer than the gateway may take to process a payment and show it. */
const SETTLE_SECONDS = 1_800;

const number = () => Transform(({ value }) => (value === undefined ? undefined : Number(value)));
const integer = (min: number, max?: number) => {
  const message = max === undefined ? `must be an integer of at least ${min}` : `must be an integer from ${min} to ${max}`;
  return applyDecorators(number(), IsInt({ message }), Min(min, { message }), ...(max === undefined ? [] : [Max(max, { message })]));
};
const boolean = () =>
  Transform(({ value }: { value: unknown }) => (value === 'true' ? true : value === 'false' ? false : value));
const list = () =>
  Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' ? value.split(',').map((part) => part.trim()).filter(Boolean) : value,
  );

@ValidatorConstraint({ name: 'cron' })
class CronExpression implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    if (typeof value !== 'string' || ![5, 6].includes(value.trim().split(/\s+/).length)) return false;
    try {
      return new CronTime(value) instanceof CronTime;
    } catch {
      return false;
    }
  }
  defaultMessage(): string {
    return 'must be a cron expression of 5 or 6 fields';
  }
}

@ValidatorConstraint({ name: 'timeZone' })
class TimeZone implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    return isTimeZone(value);
  }
  defaultMessage(): string {
    return 'must be an IANA time zone';
  }
}

@ValidatorConstraint({ name: 'currencies' })
class CurrencyList implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    return Array.isArray(value) && value.length > 0 && value.every(isCurrency);
  }
  defaultMessage(): string {
    return 'must be ISO 4217 codes separated by commas, or "all"';
  }
}

/** Everything that can be set from outside. One class, validated once, before anything else starts. */
export class Config {
  @integer(0, 65535) PORT = 3000;
  @IsString() HOST = '0.0.0.0';
  @IsOptional() @IsUrl(POSTGRES_URL) DATABASE_URL?: string;
  /** Connections of one process. */
  @integer(2, 500) DATABASE_POOL = 20;
  /** Where the embedded PostgreSQL, the installation secret and the sandbox keep their data. */
  @IsString() DATA_DIR = '.data';
  @IsOptional() @list() @Length(16, 512, { each: true }) ZHOUQI_SECRET?: string[];
  @IsOptional() @Matches(/^[\x21-\x7e]{16,255}$/, { message: 'must be 16 to 255 printable characters' })
  ZHOUQI_API_KEY?: string;
  @IsOptional() @IsUrl(LOCAL_URL) PUBLIC_URL?: string;
  @IsOptional() @Matches(/^sk_/, { message: 'must begin with sk_' }) CKO_SECRET_KEY?: string;
  @IsOptional() @IsString() CKO_CLIENT_ID?: string;
  @IsOptional() @IsString() CKO_CLIENT_SECRET?: string;
  @IsOptional() @IsUrl(LOCAL_URL) CKO_TOKEN_URL?: string;
  @IsOptional() @IsUrl(LOCAL_URL) CKO_API_URL?: string;
  @IsOptional() @Matches(/^pc_\w{26}$/, { message: 'must look like pc_ and 26 characters' })
  CKO_PROCESSING_CHANNEL_ID?: string;
  @IsOptional() @list() @Length(1, 255, { each: true }) CKO_WEBHOOK_KEY?: string[];
  @IsOptional() @IsString() CKO_WEBHOOK_AUTHORIZATION?: string;
  @boolean() @IsBoolean() CKO_MERCHANT_INITIATED = true;
  @integer(1, 1_000_000) CKO_WRITES_PER_SECOND = 80;
  @integer(1, 1_000_000) CKO_READS_PER_SECOND = 80;
  @integer(1) CKO_SETTLE_SECONDS = SETTLE_SECONDS;
  @number() @Min(2, { message: 'must be a number of at least 2' }) CKO_IDEMPOTENCY_HOURS = 24;
  /** Customs fields that are carried on every payment when set (their place in the body is the account's). */
  @IsOptional() @IsString() CKO_CUSTOMS_CODE?: string;
  @IsOptional() @IsString() CKO_MERCHANT_CUSTOMS_CODE?: string;
  @IsOptional() @IsString() CKO_MERCHANT_CUSTOMS_NAME?: string;
  @IsIn(['refund', 'credit']) SURPLUS_POLICY: 'refund' | 'credit' = 'refund';
  /** Starts in quarantine although nothing seems to have been restored. */
  @boolean() @IsBoolean() QUARANTINE = false;
  @Validate(CronExpression) BILLING_CRON = '* * * * *';
  @IsIn(['api', 'worker', 'all']) ROLE: 'api' | 'worker' | 'all' = 'all';
  @Validate(TimeZone) DEFAULT_TIME_ZONE = 'Asia/Shanghai';
  @Matches(/^[A-Z]{2}$/, { message: 'must be an ISO 3166 alpha-2 code' }) DEFAULT_COUNTRY = 'CN';
  @integer(1, 1_000_000) API_RATE_LIMIT = 100;
  @IsOptional() @list() @Validate(CurrencyList) CURRENCIES?: string[];
  /** The mail server, with its credentials; without it messages are kept and shown. */
  @IsOptional() @IsUrl(MAIL_URL) SMTP_URL?: string;
  /** Who writes to the customers: an address, or `Name <address>`. */
  @IsOptional() @IsEmail({ allow_display_name: true }, { message: 'must be an e-mail address, or a name and <address>' }) MAIL_FROM?: string;
  /** Lets webhook endpoints be plain http and on private addresses: for trying out. */
  @boolean() @IsBoolean() WEBHOOKS_ALLOW_PRIVATE = false;
  @IsIn(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']) LOG_LEVEL = 'info';
  /** Needed to look at /metrics, where it is set. */
  @IsOptional() @Matches(/^[\x21-\x7e]{16,255}$/, { message: 'must be 16 to 255 printable characters' })
  METRICS_TOKEN?: string;
  @integer(0, 65535) SANDBOX_PORT = 4010;
  @IsOptional() @integer(0, 65535) SANDBOX_CONTROL_PORT?: number;
}

/** A configuration that cannot work; `message` is the one line that the start ends with. */
export class ConfigError extends Error {}

/** Reads and checks the environment. Throws {@link ConfigError} naming the first bad variable. */
export function loadConfig(env: Record<string, string | undefined>): Config {
  const given = Object.fromEntries(
    Object.entries(env).filter(([name, value]) => VARIABLES.has(name) && value !== undefined && value !== ''),
  );
  if (given.CURRENCIES?.toLowerCase() === 'all') delete given.CURRENCIES;
  const config = plainToInstance(Config, given, { exposeDefaultValues: true });
  const [problem] = validateSync(config, { forbidUnknownValues: false });
  if (problem) {
    const why = Object.values(problem.constraints ?? {})[0] ?? 'is not valid';
    throw new ConfigError(`${problem.property}: ${why.replace(`${problem.property} `, '')}`);
  }
  checkTogether(config);
  return config;
}

const OPTIONAL = [
  'DATABASE_URL', 'ZHOUQI_SECRET', 'ZHOUQI_API_KEY', 'PUBLIC_URL', 'CKO_SECRET_KEY', 'CKO_CLIENT_ID',
  'CKO_CLIENT_SECRET', 'CKO_TOKEN_URL', 'CKO_API_URL', 'CKO_PROCESSING_CHANNEL_ID', 'CKO_WEBHOOK_KEY',
  'CKO_WEBHOOK_AUTHORIZATION', 'CKO_CUSTOMS_CODE', 'CKO_MERCHANT_CUSTOMS_CODE', 'CKO_MERCHANT_CUSTOMS_NAME',
  'CURRENCIES', 'SMTP_URL', 'MAIL_FROM', 'METRICS_TOKEN', 'SANDBOX_CONTROL_PORT',
];

/** The names of everything that can be set. */
export const VARIABLES: ReadonlySet<string> = new Set([...Object.keys(new Config()), ...OPTIONAL]);

/** Whether the bundled sandbox is the gateway: so it is when no credentials of a real one are set. */
export function usesBundledSandbox(config: Config): boolean {
  return config.CKO_SECRET_KEY === undefined && config.CKO_CLIENT_ID === undefined;
}

/** Whether customers are written to; otherwise their messages are kept and shown. */
export function sendsMail(config: Config): boolean {
  return config.SMTP_URL !== undefined;
}

/** Whether money is play money: test clocks exist only then. */
export function isSandbox(config: Config): boolean {
  return usesBundledSandbox(config) || (config.CKO_SECRET_KEY?.startsWith('sk_sbox_') ?? false);
}

/** What may be meant so and seldom is: said once at the start. */
export function warningsOf(config: Config): string[] {
  if (config.CKO_SETTLE_SECONDS >= SETTLE_SECONDS) return [];
  return [`CKO_SETTLE_SECONDS: under ${SETTLE_SECONDS}, a charge may be sent again while the gateway is still working on the first sending`];
}

function checkTogether(config: Config): void {
  if (config.SMTP_URL && !config.MAIL_FROM) throw new ConfigError('MAIL_FROM: is required with SMTP_URL');
  if (config.MAIL_FROM && !config.SMTP_URL) throw new ConfigError('SMTP_URL: is required with MAIL_FROM');
  if (config.CKO_CLIENT_ID !== undefined) {
    if (!config.CKO_CLIENT_SECRET) throw new ConfigError('CKO_CLIENT_SECRET: is required with CKO_CLIENT_ID');
    if (!config.CKO_TOKEN_URL) throw new ConfigError('CKO_TOKEN_URL: is required with CKO_CLIENT_ID');
  }
  if (usesBundledSandbox(config)) return;
  if (!config.CKO_API_URL) throw new ConfigError('CKO_API_URL: is required with gateway credentials');
  if (!config.CKO_PROCESSING_CHANNEL_ID) {
    throw new ConfigError('CKO_PROCESSING_CHANNEL_ID: is required with gateway credentials');
  }
  if (isSandbox(config)) return;
  for (const name of ['CKO_API_URL', 'CKO_TOKEN_URL'] as const) {
    if (config[name]?.startsWith('http:')) throw new ConfigError(`${name}: must be https with a live key`);
  }
  if (config.CKO_SETTLE_SECONDS < 60) throw new ConfigError('CKO_SETTLE_SECONDS: must be at least 60 with a live key');
  if (config.DATABASE_URL && !config.ZHOUQI_SECRET) {
    throw new ConfigError('ZHOUQI_SECRET: is required with DATABASE_URL and a live key');
  }
}
