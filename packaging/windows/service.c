/*
 * What iec104mm2ss.exe cannot ask Windows for from JavaScript: to be a service, to install and control services, the event log,
 * and the clock. A Node-API addon, used by apps/mm2ss/src/windows/service-manager.ts alone. Functions of Node.js are found in the program
 * that has loaded it, whatever its name is: an import library would look for node.exe.
 *
 * Every function throws an Error whose message is that of Windows and whose `errno` is its number.
 */
#define UNICODE
#define _UNICODE
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#include <stdbool.h>
#include <stdlib.h>
#include <wchar.h>
#include <node_api.h>

#define NODE_FUNCTIONS(X)                                                                                              \
  X(napi_create_function) X(napi_set_named_property) X(napi_get_cb_info) X(napi_get_value_string_utf16)                \
  X(napi_get_value_uint32) X(napi_get_value_double) X(napi_create_string_utf16) X(napi_create_uint32)                  \
  X(napi_create_error) X(napi_throw) X(napi_create_object) X(napi_create_array) X(napi_set_element)                    \
  X(napi_create_threadsafe_function) X(napi_call_threadsafe_function) X(napi_unref_threadsafe_function)                \
  X(napi_call_function) X(napi_get_undefined) X(napi_typeof)
#define DECLARE(name) static __typeof__(&name) p_##name;
#define FIND(name) p_##name = (__typeof__(&name))(void *)GetProcAddress(program, #name);
NODE_FUNCTIONS(DECLARE)

#define MOST_ARGUMENTS 8
#define STARTS_WITHIN_MS 30000
#define STOPS_WITHIN_MS 30000

/* --- values of JavaScript --- */

static napi_value fail(napi_env env, DWORD code) {
  WCHAR text[512];
  DWORD flags = FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS | FORMAT_MESSAGE_MAX_WIDTH_MASK;
  DWORD length = FormatMessageW(flags, NULL, code, 0, text, 512, NULL);
  while (length > 0 && text[length - 1] == L' ') length--;
  if (length == 0) length = (DWORD)swprintf(text, 512, L"Windows error %lu", code);
  napi_value message, error, number;
  p_napi_create_string_utf16(env, (const char16_t *)text, length, &message);
  p_napi_create_error(env, NULL, message, &error);
  p_napi_create_uint32(env, code, &number);
  p_napi_set_named_property(env, error, "errno", number);
  p_napi_throw(env, error);
  return NULL;
}

typedef struct {
  size_t count;
  napi_value values[MOST_ARGUMENTS];
} Arguments;

static Arguments arguments_of(napi_env env, napi_callback_info info) {
  Arguments given = {.count = MOST_ARGUMENTS};
  p_napi_get_cb_info(env, info, &given.count, given.values, NULL, NULL);
  return given;
}

/* NULL where it is not a string. The caller frees it. */
static WCHAR *text_of(napi_env env, napi_value value) {
  size_t length;
  if (value == NULL || p_napi_get_value_string_utf16(env, value, NULL, 0, &length) != napi_ok) return NULL;
  WCHAR *text = malloc((length + 1) * sizeof(WCHAR));
  p_napi_get_value_string_utf16(env, value, (char16_t *)text, length + 1, &length);
  return text;
}

static DWORD number_of(napi_env env, napi_value value) {
  uint32_t number = 0;
  p_napi_get_value_uint32(env, value, &number);
  return number;
}

static napi_value string_of(napi_env env, const WCHAR *text) {
  napi_value value;
  p_napi_create_string_utf16(env, (const char16_t *)text, NAPI_AUTO_LENGTH, &value);
  return value;
}

static void set_number(napi_env env, napi_value object, const char *name, DWORD number) {
  napi_value value;
  p_napi_create_uint32(env, number, &value);
  p_napi_set_named_property(env, object, name, value);
}

/* --- to be a service --- */

static SERVICE_STATUS_HANDLE status_handle;
static SERVICE_STATUS status = {.dwServiceType = SERVICE_WIN32_OWN_PROCESS};
static CRITICAL_SECTION status_lock;
static HANDLE connected, stopped;
static DWORD start_count;
static WCHAR **start_words;
static napi_threadsafe_function on_control;

static void set_status(DWORD state, DWORD exit_code, DWORD wait_ms) {
  EnterCriticalSection(&status_lock);
  /* A stop that came while it still started is not taken back. */
  bool is_late = status.dwCurrentState == SERVICE_STOP_PENDING && state != SERVICE_STOPPED;
  if (!is_late) {
    DWORD accepted = SERVICE_ACCEPT_STOP | SERVICE_ACCEPT_SHUTDOWN | SERVICE_ACCEPT_PARAMCHANGE;
    status.dwCurrentState = state;
    status.dwControlsAccepted = state == SERVICE_RUNNING ? accepted : state == SERVICE_START_PENDING ? SERVICE_ACCEPT_STOP : 0;
    status.dwWin32ExitCode = exit_code == 0 ? NO_ERROR : ERROR_SERVICE_SPECIFIC_ERROR;
    status.dwServiceSpecificExitCode = exit_code;
    status.dwWaitHint = wait_ms;
    status.dwCheckPoint = wait_ms == 0 ? 0 : status.dwCheckPoint + 1;
    SetServiceStatus(status_handle, &status);
  }
  LeaveCriticalSection(&status_lock);
}

static DWORD WINAPI handle_control(DWORD control, DWORD type, LPVOID data, LPVOID context) {
  (void)type, (void)data, (void)context;
  switch (control) {
  case SERVICE_CONTROL_INTERROGATE:
    return NO_ERROR;
  case SERVICE_CONTROL_STOP:
  case SERVICE_CONTROL_SHUTDOWN:
    set_status(SERVICE_STOP_PENDING, 0, STOPS_WITHIN_MS);
    /* fall through */
  case SERVICE_CONTROL_PARAMCHANGE:
    p_napi_call_threadsafe_function(on_control, (void *)(uintptr_t)control, napi_tsfn_nonblocking);
    return NO_ERROR;
  default:
    return ERROR_CALL_NOT_IMPLEMENTED;
  }
}

static VOID WINAPI service_main(DWORD count, LPWSTR *words) {
  status_handle = RegisterServiceCtrlHandlerExW(words[0], handle_control, NULL);
  start_words = calloc(count, sizeof(WCHAR *));
  for (DWORD i = 0; i < count; i++) start_words[i] = _wcsdup(words[i]);
  start_count = count;
  set_status(SERVICE_START_PENDING, 0, STARTS_WITHIN_MS);
  SetEvent(connected);
  WaitForSingleObject(stopped, INFINITE);
}

/* Ends with an error at once in a process that the service manager has not started; else when the service has stopped. */
static DWORD WINAPI dispatch(LPVOID unused) {
  (void)unused;
  SERVICE_TABLE_ENTRYW table[] = {{L"", service_main}, {NULL, NULL}};
  return StartServiceCtrlDispatcherW(table) ? NO_ERROR : GetLastError();
}

static void tell_control(napi_env env, napi_value callback, void *context, void *data) {
  (void)context;
  if (env == NULL) return;
  napi_value undefined, control;
  p_napi_get_undefined(env, &undefined);
  p_napi_create_uint32(env, (uint32_t)(uintptr_t)data, &control);
  p_napi_call_function(env, undefined, callback, 1, &control, NULL);
}

/* enter(onControl): [name, ...words of `sc start`], or undefined in a process that is no service. */
static napi_value enter(napi_env env, napi_callback_info info) {
  Arguments given = arguments_of(env, info);
  napi_value resource = string_of(env, L"service control"), words;
  InitializeCriticalSection(&status_lock);
  connected = CreateEventW(NULL, TRUE, FALSE, NULL);
  stopped = CreateEventW(NULL, TRUE, FALSE, NULL);
  p_napi_create_threadsafe_function(env, given.values[0], NULL, resource, 0, 1, NULL, NULL, NULL, tell_control, &on_control);
  p_napi_unref_threadsafe_function(env, on_control);
  HANDLE dispatcher = CreateThread(NULL, 0, dispatch, NULL, 0, NULL);
  HANDLE either[] = {connected, dispatcher};
  if (WaitForMultipleObjects(2, either, FALSE, INFINITE) != WAIT_OBJECT_0) {
    DWORD code = NO_ERROR;
    GetExitCodeThread(dispatcher, &code);
    return code == ERROR_FAILED_SERVICE_CONTROLLER_CONNECT ? NULL : fail(env, code);
  }
  p_napi_create_array(env, &words);
  for (DWORD i = 0; i < start_count; i++) p_napi_set_element(env, words, i, string_of(env, start_words[i]));
  return words;
}

static napi_value running(napi_env env, napi_callback_info info) {
  (void)env, (void)info;
  set_status(SERVICE_RUNNING, 0, 0);
  return NULL;
}

/* stopped(exitCode): the last call. Without it the service manager takes the end of the process for a failure. */
static napi_value has_stopped(napi_env env, napi_callback_info info) {
  Arguments given = arguments_of(env, info);
  set_status(SERVICE_STOPPED, number_of(env, given.values[0]), 0);
  SetEvent(stopped);
  return NULL;
}

/* reportError(name, text): into the log of applications, where EventCreate.exe of Windows has a message that is the text. */
static napi_value report_error(napi_env env, napi_callback_info info) {
  Arguments given = arguments_of(env, info);
  WCHAR *name = text_of(env, given.values[0]), *text = text_of(env, given.values[1]), key[512];
  static const WCHAR messages[] = L"%SystemRoot%\\System32\\EventCreate.exe";
  swprintf(key, 512, L"SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\%ls", name);
  RegSetKeyValueW(HKEY_LOCAL_MACHINE, key, L"EventMessageFile", REG_EXPAND_SZ, messages, sizeof messages);
  HANDLE log = RegisterEventSourceW(NULL, name);
  const WCHAR *texts[] = {text};
  BOOL ok = log != NULL && ReportEventW(log, EVENTLOG_ERROR_TYPE, 0, 1, NULL, 1, 0, texts, NULL);
  DWORD code = GetLastError();
  if (log != NULL) DeregisterEventSource(log);
  free(name), free(text);
  return ok ? NULL : fail(env, code);
}

/* --- to install and control services --- */

/* Opens a service of this machine; both handles are to be closed, whatever it returns. */
static DWORD open_service(const WCHAR *name, DWORD access, SC_HANDLE *manager, SC_HANDLE *service) {
  *service = NULL;
  *manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
  if (*manager != NULL) *service = OpenServiceW(*manager, name, access);
  return *service == NULL ? GetLastError() : NO_ERROR;
}

static napi_value close_service(napi_env env, DWORD code, SC_HANDLE manager, SC_HANDLE service) {
  if (service != NULL) CloseServiceHandle(service);
  if (manager != NULL) CloseServiceHandle(manager);
  return code == NO_ERROR ? NULL : fail(env, code);
}

/* What the service is for, whether its start is delayed, and that one which fails is started again, two seconds later. */
static DWORD set_details(SC_HANDLE service, WCHAR *description, DWORD is_delayed) {
  SERVICE_DESCRIPTIONW about = {description};
  SERVICE_DELAYED_AUTO_START_INFO delay = {(BOOL)is_delayed};
  SC_ACTION again[] = {{SC_ACTION_RESTART, 2000}};
  SERVICE_FAILURE_ACTIONSW failure = {.dwResetPeriod = 60, .cActions = 1, .lpsaActions = again};
  if (!ChangeServiceConfig2W(service, SERVICE_CONFIG_DESCRIPTION, &about)) return GetLastError();
  if (!ChangeServiceConfig2W(service, SERVICE_CONFIG_FAILURE_ACTIONS, &failure)) return GetLastError();
  /* A service that never was delayed need not be told, which not every manager can be. */
  if (!ChangeServiceConfig2W(service, SERVICE_CONFIG_DELAYED_AUTO_START_INFO, &delay) && is_delayed) return GetLastError();
  return NO_ERROR;
}

/* install(name, displayName, commandLine, type, startType, isDelayed, account | undefined, password | undefined) */
static napi_value install(napi_env env, napi_callback_info info) {
  Arguments given = arguments_of(env, info);
  napi_value *v = given.values;
  WCHAR *name = text_of(env, v[0]), *shown = text_of(env, v[1]), *line = text_of(env, v[2]);
  WCHAR *account = text_of(env, v[6]), *password = text_of(env, v[7]);
  SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CREATE_SERVICE), service = NULL;
  if (manager != NULL) {
    service = CreateServiceW(manager, name, shown, SERVICE_ALL_ACCESS, number_of(env, v[3]), number_of(env, v[4]),
                             SERVICE_ERROR_NORMAL, line, NULL, NULL, NULL, account, password);
  }
  DWORD code = service == NULL ? GetLastError() : set_details(service, shown, number_of(env, v[5]));
  free(name), free(shown), free(line), free(account), free(password);
  return close_service(env, code, manager, service);
}

/* update(name, commandLine, type, startType, isDelayed, account | undefined, password | undefined): SERVICE_NO_CHANGE leaves a number */
static napi_value update(napi_env env, napi_callback_info info) {
  Arguments given = arguments_of(env, info);
  napi_value *v = given.values;
  WCHAR *name = text_of(env, v[0]), *line = text_of(env, v[1]), *account = text_of(env, v[5]), *password = text_of(env, v[6]);
  DWORD start = number_of(env, v[3]);
  SC_HANDLE manager, service;
  DWORD code = open_service(name, SERVICE_CHANGE_CONFIG, &manager, &service);
  if (code == NO_ERROR) {
    BOOL ok = ChangeServiceConfigW(service, number_of(env, v[2]), start, SERVICE_NO_CHANGE, line, NULL, NULL, NULL, account,
                                   password, NULL);
    if (!ok) code = GetLastError();
  }
  if (code == NO_ERROR && start != SERVICE_NO_CHANGE) {
    SERVICE_DELAYED_AUTO_START_INFO delay = {(BOOL)number_of(env, v[4])};
    if (!ChangeServiceConfig2W(service, SERVICE_CONFIG_DELAYED_AUTO_START_INFO, &delay) && delay.fDelayedAutostart) code = GetLastError();
  }
  free(name), free(line), free(account), free(password);
  return close_service(env, code, manager, service);
}

static napi_value remove_service(napi_env env, napi_callback_info info) {
  Arguments given = arguments_of(env, info);
  WCHAR *name = text_of(env, given.values[0]);
  SC_HANDLE manager, service;
  DWORD code = open_service(name, DELETE, &manager, &service);
  if (code == NO_ERROR && !DeleteService(service)) code = GetLastError();
  free(name);
  return close_service(env, code, manager, service);
}

/* start(name, ...words) */
static napi_value start(napi_env env, napi_callback_info info) {
  Arguments given = arguments_of(env, info);
  WCHAR *words[MOST_ARGUMENTS] = {NULL};
  DWORD count = (DWORD)(given.count > MOST_ARGUMENTS ? MOST_ARGUMENTS : given.count);
  for (DWORD i = 0; i < count; i++) words[i] = text_of(env, given.values[i]);
  SC_HANDLE manager, service;
  DWORD code = open_service(words[0], SERVICE_START, &manager, &service);
  if (code == NO_ERROR && !StartServiceW(service, count - 1, (LPCWSTR *)words + 1)) code = GetLastError();
  for (DWORD i = 0; i < count; i++) free(words[i]);
  return close_service(env, code, manager, service);
}

static napi_value stop(napi_env env, napi_callback_info info) {
  Arguments given = arguments_of(env, info);
  WCHAR *name = text_of(env, given.values[0]);
  SC_HANDLE manager, service;
  SERVICE_STATUS now;
  DWORD code = open_service(name, SERVICE_STOP, &manager, &service);
  if (code == NO_ERROR && !ControlService(service, SERVICE_CONTROL_STOP, &now)) code = GetLastError();
  free(name);
  return close_service(env, code, manager, service);
}

/* dependents(name): names of the running services that need it, in the order in which they are to be stopped */
static napi_value dependents(napi_env env, napi_callback_info info) {
  Arguments given = arguments_of(env, info);
  WCHAR *name = text_of(env, given.values[0]);
  SC_HANDLE manager, service;
  DWORD needed = 0, count = 0, code = open_service(name, SERVICE_ENUMERATE_DEPENDENTS, &manager, &service);
  ENUM_SERVICE_STATUSW *found = NULL;
  while (code == NO_ERROR && !EnumDependentServicesW(service, SERVICE_ACTIVE, found, needed, &needed, &count)) {
    code = GetLastError();
    if (code != ERROR_MORE_DATA) break;
    code = NO_ERROR, free(found), found = malloc(needed);
  }
  napi_value names = NULL;
  if (code == NO_ERROR) p_napi_create_array(env, &names);
  for (DWORD i = 0; code == NO_ERROR && i < count; i++) p_napi_set_element(env, names, i, string_of(env, found[i].lpServiceName));
  free(name), free(found);
  close_service(env, code, manager, service);
  return names;
}

/* query(name): { state, exitCode, processId }, numbers of Windows; exitCode is the program's own */
static napi_value query(napi_env env, napi_callback_info info) {
  Arguments given = arguments_of(env, info);
  WCHAR *name = text_of(env, given.values[0]);
  SC_HANDLE manager, service;
  SERVICE_STATUS_PROCESS now;
  DWORD needed, code = open_service(name, SERVICE_QUERY_STATUS, &manager, &service);
  if (code == NO_ERROR && !QueryServiceStatusEx(service, SC_STATUS_PROCESS_INFO, (BYTE *)&now, sizeof now, &needed)) code = GetLastError();
  free(name);
  close_service(env, code, manager, service);
  if (code != NO_ERROR) return NULL;
  napi_value answer;
  p_napi_create_object(env, &answer);
  set_number(env, answer, "state", now.dwCurrentState);
  DWORD own = now.dwServiceSpecificExitCode, windows = now.dwWin32ExitCode;
  set_number(env, answer, "exitCode", windows == ERROR_SERVICE_SPECIFIC_ERROR ? own : windows);
  set_number(env, answer, "processId", now.dwProcessId);
  return answer;
}

/* --- the clock --- */

/* adjustClock(milliseconds): errno 1314 where the privilege is missing */
static napi_value adjust_clock(napi_env env, napi_callback_info info) {
  Arguments given = arguments_of(env, info);
  double milliseconds = 0;
  p_napi_get_value_double(env, given.values[0], &milliseconds);
  HANDLE token;
  TOKEN_PRIVILEGES wanted = {.PrivilegeCount = 1, .Privileges[0].Attributes = SE_PRIVILEGE_ENABLED};
  if (!OpenProcessToken(GetCurrentProcess(), TOKEN_ADJUST_PRIVILEGES, &token)) return fail(env, GetLastError());
  LookupPrivilegeValueW(NULL, L"SeSystemtimePrivilege", &wanted.Privileges[0].Luid);
  AdjustTokenPrivileges(token, FALSE, &wanted, 0, NULL, NULL);
  DWORD code = GetLastError();
  CloseHandle(token);
  if (code != NO_ERROR) return fail(env, ERROR_PRIVILEGE_NOT_HELD);
  FILETIME now;
  SYSTEMTIME then;
  GetSystemTimePreciseAsFileTime(&now);
  ULARGE_INTEGER ticks = {.LowPart = now.dwLowDateTime, .HighPart = now.dwHighDateTime};
  ticks.QuadPart += (LONGLONG)(milliseconds * 10000);
  now.dwLowDateTime = ticks.LowPart, now.dwHighDateTime = ticks.HighPart;
  FileTimeToSystemTime(&now, &then);
  return SetSystemTime(&then) ? NULL : fail(env, GetLastError());
}

__declspec(dllexport) int32_t node_api_module_get_api_version_v1(void) { return 8; }

__declspec(dllexport) napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  HMODULE program = GetModuleHandleW(NULL);
  NODE_FUNCTIONS(FIND)
  static const struct {
    const char *name;
    napi_callback function;
  } functions[] = {
      {"enter", enter},   {"running", running}, {"stopped", has_stopped}, {"reportError", report_error}, {"install", install},
      {"update", update}, {"remove", remove_service}, {"start", start}, {"stop", stop}, {"query", query},
      {"dependents", dependents},
      {"adjustClock", adjust_clock},
  };
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    napi_value function;
    p_napi_create_function(env, functions[i].name, NAPI_AUTO_LENGTH, functions[i].function, NULL, &function);
    p_napi_set_named_property(env, exports, functions[i].name, function);
  }
  return exports;
}
