export { ClockSetError, SystemClockSetter, type ClockSetter } from './clock-setter.js';
export { NtpClient, type NtpClientOptions } from './ntp-client.js';
export { parseNtpServer, SYSTEM_NTP_CLOCK, type NtpClock, type NtpServer } from './ntp-query.js';
