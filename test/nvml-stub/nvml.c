/*
 * Stands in for NVIDIA's libnvidia-ml.so.1 in tests: the functions that EIT calls, with the names, types and layouts of
 * nvml.h (https://docs.nvidia.com/deploy/nvml-api/). What the GPUs show is in the file nvml.conf beside this library (the process
 * that loads it has no environment), read anew when it is initialised and whenever energy is asked for; its lines are described at
 * read_line. Built with -DOLD it is a library of 2017, without most of what came later; with -DSTILL the file is read once, for
 * measuring how long the rest takes.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
  SUCCESS = 0,
  UNINITIALIZED = 1,
  INVALID_ARGUMENT = 2,
  NOT_SUPPORTED = 3,
  NOT_FOUND = 6,
  INSUFFICIENT_SIZE = 7,
  GPU_IS_LOST = 15
};
enum { MOST_GPUS = 16, MOST_PROCESSES = 512, MOST_MIGS = 32, MOST_RULES = 32, MOST_POINTS = 64 };

typedef unsigned long long u64;
typedef struct { int gpu, instance, compute; unsigned sms; u64 total, used; char uuid[96]; } mig;
typedef struct {
  char uuid[96], name[96];
  unsigned domain, bus, device, minor, major_cc, minor_cc;
  int is_lost, has_energy, has_mig, says_zero;
  u64 energy_mw, energy_origin_ns;
  unsigned power_mw, average_mw, instant_mw;
  unsigned utilization, pstate;
  u64 memory_total, memory_used, throttling;
  int point_count;
  struct { u64 at_ns; double watts; } points[MOST_POINTS];
} gpu;
typedef struct { int gpu; char kind; unsigned pid; u64 memory; unsigned sm[2]; unsigned instance, compute; } process;
typedef struct { char what[8], function[64], how[8]; int number; unsigned calls; } rule;

/* A device is a pointer into one of these two. */
static gpu gpus[MOST_GPUS];
static mig migs[MOST_MIGS];
static int mig_owner[MOST_MIGS];
static process processes[MOST_PROCESSES];
static rule rules[MOST_RULES];
static int gpu_count, mig_count, process_count, rule_count, is_initialised, is_sticky, was_lost[MOST_GPUS];
static unsigned process_bytes;
static u64 energy_step_ns;
static char driver[96];

static u64 now_ns(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return (u64)at.tv_sec * 1000000000ULL + (u64)at.tv_nsec;
}

static void path_of(const char *name, char *path, size_t size) {
  Dl_info info;
  dladdr((void *)now_ns, &info);
  const char *slash = strrchr(info.dli_fname, '/');
  snprintf(path, size, "%.*s/%s", (int)(slash - info.dli_fname), info.dli_fname, name);
}

static void note(const char *name) {
  char path[4096];
  path_of(name, path, sizeof path);
  FILE *file = fopen(path, "a");
  if (file == NULL) return;
  fprintf(file, "%d\n", (int)getpid());
  fclose(file);
}

/*
 * driver VERSION
 * gpu UUID DOMAIN BUS DEVICE MINOR MAJOR.MINOR NAME      (hexadecimal address; CUDA compute capability)
 * energy GPU MILLIWATTS [ORIGIN_NS]      the counter is MILLIWATTS times the time since ORIGIN_NS of CLOCK_MONOTONIC
 * energy_step NS                         the counter stands still in between
 * power GPU MILLIWATTS [AVERAGE INSTANT] 0: not told
 * point GPU AT_NS MILLIWATTS             in place of both: power goes through these points, the first and the last hold; the counter
 *                                        is the area under it since the first, average power the mean over the second before
 * state GPU UTILIZATION MEMORY_TOTAL MEMORY_USED PSTATE THROTTLING
 * zero GPU                               power is told, as 0
 * lost GPU
 * sticky                                 what was lost once is lost until the library is initialised again
 * process GPU c|g|m PID MEMORY SM1 SM2 [GPU_INSTANCE COMPUTE_INSTANCE]   SM in percent, at two times
 * process_bytes 16|24|32                 the size of nvmlProcessInfo_t
 * mig GPU UUID GPU_INSTANCE COMPUTE_INSTANCE SMS MEMORY_TOTAL MEMORY_USED
 * fail FUNCTION STATUS                   each call of it gives this status
 * crash FUNCTION CALL abrt|segv|bus      at the call of that number in this process
 * hang FUNCTION CALL
 */
static void read_line(const char *line) {
  char text[96], kind;
  int index, number;
  u64 a, b = 0;
  unsigned c, d;
  if (sscanf(line, "driver %95s", text) == 1) {
    snprintf(driver, sizeof driver, "%s", text);
  } else if (strncmp(line, "gpu ", 4) == 0 && gpu_count < MOST_GPUS) {
    gpu *g = &gpus[gpu_count++];
    memset(g, 0, sizeof *g);
    sscanf(line, "gpu %95s %x %x %x %u %u.%u %95[^\n]", g->uuid, &g->domain, &g->bus, &g->device, &g->minor,
           &g->major_cc, &g->minor_cc, g->name);
  } else if (sscanf(line, "energy %d %llu %llu", &index, &a, &b) >= 2) {
    gpus[index].has_energy = 1;
    gpus[index].energy_mw = a;
    gpus[index].energy_origin_ns = b;
  } else if (sscanf(line, "energy_step %llu", &a) == 1) {
    energy_step_ns = a;
  } else if (sscanf(line, "point %d %llu %llu", &index, &a, &b) == 3) {
    gpu *g = &gpus[index];
    if (g->point_count == MOST_POINTS) return;
    g->points[g->point_count].at_ns = a;
    g->points[g->point_count++].watts = (double)b / 1000;
  } else if (strncmp(line, "power ", 6) == 0) {
    c = d = 0;
    sscanf(line, "power %d %d %u %u", &index, &number, &c, &d);
    gpus[index].power_mw = (unsigned)number;
    gpus[index].average_mw = c;
    gpus[index].instant_mw = d;
  } else if (strncmp(line, "state ", 6) == 0) {
    sscanf(line, "state %d", &index);
    gpu *g = &gpus[index];
    sscanf(line, "state %d %u %llu %llu %u %llx", &index, &g->utilization, &g->memory_total, &g->memory_used,
           &g->pstate, &g->throttling);
  } else if (sscanf(line, "lost %d", &index) == 1) {
    gpus[index].is_lost = 1;
  } else if (sscanf(line, "zero %d", &index) == 1) {
    gpus[index].says_zero = 1;
  } else if (strcmp(line, "sticky\n") == 0) {
    is_sticky = 1;
  } else if (sscanf(line, "process_bytes %u", &c) == 1) {
    process_bytes = c;
  } else if (sscanf(line, "process %d %c", &index, &kind) == 2 && process_count < MOST_PROCESSES) {
    process *p = &processes[process_count++];
    p->gpu = index;
    p->kind = kind;
    p->instance = p->compute = 0xffffffffu;
    sscanf(line, "process %d %c %u %llu %u %u %u %u", &index, &kind, &p->pid, &p->memory, &p->sm[0], &p->sm[1],
           &p->instance, &p->compute);
  } else if (sscanf(line, "mig %d", &index) == 1 && mig_count < MOST_MIGS) {
    mig *m = &migs[mig_count];
    mig_owner[mig_count++] = index;
    gpus[index].has_mig = 1;
    sscanf(line, "mig %d %95s %d %d %u %llu %llu", &index, m->uuid, &m->instance, &m->compute, &m->sms, &m->total,
           &m->used);
  } else if (rule_count < MOST_RULES) {
    rule *r = &rules[rule_count];
    memset(r, 0, sizeof *r);
    rule_count += sscanf(line, "%7s %63s %d %7s", r->what, r->function, &r->number, r->how) >= 3;
  }
}

static double seconds(u64 from_ns, u64 to_ns) {
  return to_ns >= from_ns ? (double)(to_ns - from_ns) / 1e9 : -(double)(from_ns - to_ns) / 1e9;
}

static double watts_at(const gpu *g, u64 ns) {
  int i = 0;
  if (ns <= g->points[0].at_ns) return g->points[0].watts;
  while (i + 1 < g->point_count && g->points[i + 1].at_ns <= ns) i++;
  if (i + 1 == g->point_count) return g->points[i].watts;
  double part = seconds(g->points[i].at_ns, ns) / seconds(g->points[i].at_ns, g->points[i + 1].at_ns);
  return g->points[i].watts + part * (g->points[i + 1].watts - g->points[i].watts);
}

/* Since the first point; negative before it. */
static double joules_at(const gpu *g, u64 ns) {
  double joules = 0;
  int i = 0;
  if (ns <= g->points[0].at_ns) return g->points[0].watts * seconds(g->points[0].at_ns, ns);
  for (; i + 1 < g->point_count && g->points[i + 1].at_ns <= ns; i++)
    joules += (g->points[i].watts + g->points[i + 1].watts) / 2 * seconds(g->points[i].at_ns, g->points[i + 1].at_ns);
  return joules + (g->points[i].watts + watts_at(g, ns)) / 2 * seconds(g->points[i].at_ns, ns);
}

static unsigned average_of(const gpu *g) {
  if (g->point_count == 0) return g->average_mw;
  u64 ns = now_ns();
  return (unsigned)(1000 * (joules_at(g, ns) - joules_at(g, ns - 1000000000ULL)) + 0.5);
}

/* The counts of calls outlive a reading of the file. */
static void read_state(void) {
  char path[4096], line[512];
  rule before[MOST_RULES];
  int before_count = rule_count;
  memcpy(before, rules, sizeof rules);
  path_of("nvml.conf", path, sizeof path);
  FILE *file = fopen(path, "r");
  if (file == NULL) return;
  gpu_count = mig_count = process_count = rule_count = 0;
  process_bytes = 24;
  energy_step_ns = 0;
  is_sticky = 0;
  while (fgets(line, sizeof line, file) != NULL) read_line(line);
  fclose(file);
  for (int i = 0; i < gpu_count; i++) {
    was_lost[i] |= gpus[i].is_lost;
    gpus[i].is_lost |= is_sticky && was_lost[i];
  }
  for (int i = 0; i < rule_count; i++)
    for (int j = 0; j < before_count; j++)
      if (strcmp(rules[i].what, before[j].what) == 0 && strcmp(rules[i].function, before[j].function) == 0)
        rules[i].calls = before[j].calls;
}

/* What the rules say of a call. */
static int judge(const char *function) {
  for (int i = 0; i < rule_count; i++) {
    rule *r = &rules[i];
    if (strcmp(r->function, function) != 0) continue;
    if (strcmp(r->what, "fail") == 0) return r->number;
    if (++r->calls != (unsigned)r->number) continue;
    if (strcmp(r->what, "hang") == 0)
      for (;;) pause();
    raise(strcmp(r->how, "segv") == 0 ? SIGSEGV : strcmp(r->how, "bus") == 0 ? SIGBUS : SIGABRT);
  }
  return is_initialised ? SUCCESS : UNINITIALIZED;
}

static int judge_gpu(const char *function, const gpu *g) {
  int status = judge(function);
  return status == SUCCESS && g->is_lost ? GPU_IS_LOST : status;
}

#define BEGIN                                 \
  do {                                        \
    int status_ = judge(__func__);            \
    if (status_ != SUCCESS) return status_;   \
  } while (0)
#define BEGIN_GPU(g)                              \
  do {                                            \
    int status_ = judge_gpu(__func__, (g));       \
    if (status_ != SUCCESS) return status_;       \
  } while (0)

static mig *as_mig(void *device) {
  return (mig *)device >= migs && (mig *)device < migs + MOST_MIGS ? (mig *)device : NULL;
}

static int copy(char *text, unsigned length, const char *from) {
  if (strlen(from) >= length) return INSUFFICIENT_SIZE;
  strcpy(text, from);
  return SUCCESS;
}

int nvmlInit_v2(void) {
  memset(was_lost, 0, sizeof was_lost);
  read_state();
  note("inits");
  /* Counted, as by the real one: the last shutdown ends it. */
  is_initialised++;
  int status = judge(__func__);
  if (status != SUCCESS) is_initialised--;
  return status;
}

int nvmlShutdown(void) {
  BEGIN;
  is_initialised--;
  note("shutdowns");
  return SUCCESS;
}

const char *nvmlErrorString(int status) {
  switch (status) {
    case 9: return "Driver Not Loaded";
    case 15: return "GPU is lost";
    case 18: return "Driver/library version mismatch";
    default: return "Some Error";
  }
}

int nvmlSystemGetDriverVersion(char *text, unsigned length) {
  BEGIN;
  return copy(text, length, driver);
}

int nvmlDeviceGetCount_v2(unsigned *count) {
  BEGIN;
  *count = (unsigned)gpu_count;
  return SUCCESS;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **device) {
  BEGIN;
  if (index >= (unsigned)gpu_count) return INVALID_ARGUMENT;
  if (gpus[index].is_lost) return GPU_IS_LOST;
  *device = &gpus[index];
  return SUCCESS;
}

int nvmlDeviceGetUUID(void *device, char *text, unsigned length) {
  BEGIN;
  mig *m = as_mig(device);
  return copy(text, length, m != NULL ? m->uuid : ((gpu *)device)->uuid);
}

int nvmlDeviceGetName(gpu *g, char *text, unsigned length) {
  BEGIN_GPU(g);
  return copy(text, length, g->name);
}

int nvmlDeviceGetMinorNumber(gpu *g, unsigned *minor) {
  BEGIN_GPU(g);
  *minor = g->minor;
  return SUCCESS;
}

#ifndef OLD
typedef struct {
  char legacy[16];
  unsigned domain, bus, device, id, subsystem;
  char text[32];
} pci_info;

int nvmlDeviceGetPciInfo_v3(gpu *g, pci_info *info) {
  BEGIN_GPU(g);
  memset(info, 0, sizeof *info);
  info->domain = g->domain;
  info->bus = g->bus;
  info->device = g->device;
  snprintf(info->text, sizeof info->text, "%08X:%02X:%02X.0", g->domain, g->bus, g->device);
  return SUCCESS;
}
#else
typedef struct {
  char text[16];
  unsigned domain, bus, device, id, subsystem, reserved[4];
} pci_info_v2;

int nvmlDeviceGetPciInfo_v2(gpu *g, pci_info_v2 *info) {
  BEGIN_GPU(g);
  memset(info, 0, sizeof *info);
  info->domain = g->domain;
  info->bus = g->bus;
  info->device = g->device;
  return SUCCESS;
}
#endif

int nvmlDeviceGetCudaComputeCapability(gpu *g, int *major, int *minor) {
  BEGIN_GPU(g);
  *major = (int)g->major_cc;
  *minor = (int)g->minor_cc;
  return SUCCESS;
}

int nvmlDeviceGetPowerUsage(gpu *g, unsigned *milliwatts) {
  BEGIN_GPU(g);
  unsigned told = g->point_count > 0 ? average_of(g) : g->power_mw;
  if (told == 0 && !g->says_zero) return NOT_SUPPORTED;
  *milliwatts = told;
  return SUCCESS;
}

int nvmlDeviceGetUtilizationRates(gpu *g, unsigned *rates) {
  BEGIN_GPU(g);
  if (g->has_mig) return NOT_SUPPORTED;
  rates[0] = g->utilization;
  rates[1] = 0;
  return SUCCESS;
}

int nvmlDeviceGetMemoryInfo(void *device, u64 *memory) {
  mig *m = as_mig(device);
  gpu *g = device;
  int status = m != NULL ? judge(__func__) : judge_gpu(__func__, g);
  if (status != SUCCESS) return status;
  u64 total = m != NULL ? m->total : g->memory_total, used = m != NULL ? m->used : g->memory_used;
  memory[0] = total;
  memory[1] = total - used;
  memory[2] = used;
  return SUCCESS;
}

int nvmlDeviceGetPerformanceState(gpu *g, unsigned *state) {
  BEGIN_GPU(g);
  *state = g->pstate;
  return SUCCESS;
}

int nvmlDeviceGetCurrentClocksThrottleReasons(gpu *g, u64 *bits) {
  BEGIN_GPU(g);
  *bits = g->throttling;
  return SUCCESS;
}

static int list(const gpu *g, char kind, unsigned bytes, unsigned *count, unsigned char *entries) {
  int index = (int)(g - gpus);
  unsigned found = 0;
  for (int i = 0; i < process_count; i++) found += processes[i].gpu == index && processes[i].kind == kind;
  if (found > *count) {
    *count = found;
    return INSUFFICIENT_SIZE;
  }
  *count = 0;
  for (int i = 0; i < process_count; i++) {
    const process *p = &processes[i];
    if (p->gpu != index || p->kind != kind) continue;
    unsigned char *entry = entries + (*count)++ * bytes;
    memcpy(entry, &p->pid, 4);
    memcpy(entry + 8, &p->memory, 8);
    if (bytes > 16) {
      memcpy(entry + 16, &p->instance, 4);
      memcpy(entry + 20, &p->compute, 4);
    }
    if (bytes > 24) memset(entry + 24, 0, 8);
  }
  return SUCCESS;
}

#ifdef OLD
int nvmlDeviceGetComputeRunningProcesses(gpu *g, unsigned *count, void *entries) {
  BEGIN_GPU(g);
  return list(g, 'c', 16, count, entries);
}

int nvmlDeviceGetGraphicsRunningProcesses(gpu *g, unsigned *count, void *entries) {
  BEGIN_GPU(g);
  return list(g, 'g', 16, count, entries);
}
#else
int nvmlDeviceGetComputeRunningProcesses_v3(gpu *g, unsigned *count, void *entries) {
  BEGIN_GPU(g);
  return list(g, 'c', process_bytes, count, entries);
}

int nvmlDeviceGetGraphicsRunningProcesses_v3(gpu *g, unsigned *count, void *entries) {
  BEGIN_GPU(g);
  return list(g, 'g', process_bytes, count, entries);
}

int nvmlDeviceGetMPSComputeRunningProcesses_v3(gpu *g, unsigned *count, void *entries) {
  BEGIN_GPU(g);
  return list(g, 'm', process_bytes, count, entries);
}

typedef struct { unsigned pid; u64 time_us; unsigned sm, memory, encoder, decoder; } sample;

/* Two samples of each process, 0.4 and 0.1 s ago, and one that was never filled, as drivers give them. */
int nvmlDeviceGetProcessUtilization(gpu *g, sample *samples, unsigned *count, u64 last_seen_us) {
  BEGIN_GPU(g);
  if (g->has_mig) return NOT_SUPPORTED;
  struct timespec at;
  clock_gettime(CLOCK_REALTIME, &at);
  u64 now_us = (u64)at.tv_sec * 1000000ULL + (u64)at.tv_nsec / 1000, times[2] = {now_us - 400000, now_us - 100000};
  unsigned room = *count, found = 0;
  for (int i = 0; i < process_count; i++)
    for (int j = 0; j < 2; j++)
      if (processes[i].gpu == g - gpus && times[j] > last_seen_us) found++;
  *count = found + 1;
  if (found == 0) return NOT_FOUND;
  if (found + 1 > room) return INSUFFICIENT_SIZE;
  for (int i = 0; i < process_count; i++)
    for (int j = 0; j < 2; j++)
      if (processes[i].gpu == g - gpus && times[j] > last_seen_us)
        *samples++ = (sample){processes[i].pid, times[j], processes[i].sm[j], 0, 0, 0};
  *samples = (sample){0, 0, 4000000000u, 0, 0, 0};
  return SUCCESS;
}

int nvmlDeviceGetTotalEnergyConsumption(gpu *g, u64 *millijoules) {
#ifndef STILL
  read_state();
#endif
  BEGIN_GPU(g);
  if (!g->has_energy && g->point_count == 0) return NOT_SUPPORTED;
  u64 at = now_ns();
  if (energy_step_ns > 0) at -= at % energy_step_ns;
  if (g->point_count > 0) {
    /* As much more as a counter that began long ago has, so that it is never negative. */
    *millijoules = (u64)(1e9 + 1000 * joules_at(g, at));
    return SUCCESS;
  }
  *millijoules = (u64)((unsigned __int128)g->energy_mw * (at - g->energy_origin_ns) / 1000000000u);
  return SUCCESS;
}

typedef struct {
  unsigned field, scope;
  long long time, latency;
  unsigned type;
  int status;
  u64 value;
} field_value;

static unsigned instant_of(const gpu *g) {
  return g->point_count == 0 ? g->instant_mw : (unsigned)(1000 * watts_at(g, now_ns()) + 0.5);
}

int nvmlDeviceGetFieldValues(gpu *g, int count, field_value *values) {
  BEGIN_GPU(g);
  for (int i = 0; i < count; i++) {
    unsigned value = values[i].field == 185 ? average_of(g) : values[i].field == 186 ? instant_of(g) : 0;
    values[i].status = (value == 0 && !g->says_zero) || values[i].scope != 0 ? NOT_SUPPORTED : SUCCESS;
    values[i].type = 1;
    memcpy(&values[i].value, &value, 4);
  }
  return SUCCESS;
}

int nvmlDeviceGetMigMode(gpu *g, unsigned *current, unsigned *pending) {
  BEGIN_GPU(g);
  if (g->major_cc < 8) return NOT_SUPPORTED;
  *current = *pending = (unsigned)g->has_mig;
  return SUCCESS;
}

int nvmlDeviceGetMaxMigDeviceCount(gpu *g, unsigned *count) {
  BEGIN_GPU(g);
  *count = 7;
  return SUCCESS;
}

/* The first place is free, as after an instance was taken away. */
int nvmlDeviceGetMigDeviceHandleByIndex(gpu *g, unsigned index, void **device) {
  BEGIN_GPU(g);
  unsigned place = 1;
  for (int i = 0; i < mig_count; i++)
    if (mig_owner[i] == g - gpus && place++ == index) {
      *device = &migs[i];
      return SUCCESS;
    }
  return NOT_FOUND;
}

int nvmlDeviceGetGpuInstanceId(mig *m, unsigned *id) {
  BEGIN;
  *id = (unsigned)m->instance;
  return SUCCESS;
}

int nvmlDeviceGetComputeInstanceId(mig *m, unsigned *id) {
  BEGIN;
  *id = (unsigned)m->compute;
  return SUCCESS;
}

typedef struct { unsigned sms, others[7]; u64 memory_mib; } attributes;

int nvmlDeviceGetAttributes_v2(mig *m, attributes *a) {
  BEGIN;
  memset(a, 0, sizeof *a);
  a->sms = m->sms;
  a->memory_mib = m->total >> 20;
  return SUCCESS;
}
#endif
