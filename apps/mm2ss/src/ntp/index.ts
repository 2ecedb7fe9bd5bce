export { ClockSetError, NO_PRIVILEGE, SystemClockSetter, type ClockSetter } from './clock-setter.js';
export { NtpClient, type NtpClientOptions } from './ntp-client.js';
export { parseNtpServer, type NtpClock, type NtpServer } from './ntp-query.js';
export { NtpTime } from './ntp-time.js';
