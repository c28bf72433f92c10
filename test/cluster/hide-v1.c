/*
 * Lets slurmd's cgroup/v2 plugin start on a host that has both hierarchies mounted.
 *
 * The plugin calls a host "hybrid" and gives up when /proc/PID/cgroup has any line but "0::PATH", the one of the
 * v2 hierarchy. Preloaded into slurmd (and so into its slurmstepd), this hands out those files with the other lines
 * left out. Every other open goes straight through. Jobs get their own environment from Slurm and never load it.
 *
 *   cc -shared -fPIC -o hide-v1.so hide-v1.c -ldl
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

typedef int open_fn(const char *, int, ...);
typedef FILE *fopen_fn(const char *, const char *);

static int is_cgroup_list(const char *path)
{
	static const char tail[] = "/cgroup";
	size_t length = path ? strlen(path) : 0;

	return length > sizeof(tail) && strncmp(path, "/proc/", 6) == 0 &&
	       strcmp(path + length - (sizeof(tail) - 1), tail) == 0;
}

/* A file in memory with the "0::" lines of `path`, at offset 0; -1 with errno where it could not be had. */
static int v2_lines(const char *path)
{
	fopen_fn *real = (fopen_fn *)dlsym(RTLD_NEXT, "fopen");
	FILE *list = real(path, "re");
	char line[8192];
	int memory, ok = 1;

	if (!list)
		return -1;
	memory = memfd_create("cgroup", MFD_CLOEXEC);
	while (memory >= 0 && ok && fgets(line, sizeof(line), list))
		if (strncmp(line, "0::", 3) == 0)
			ok = write(memory, line, strlen(line)) == (ssize_t)strlen(line);
	fclose(list);
	if (memory >= 0 && (!ok || lseek(memory, 0, SEEK_SET) != 0)) {
		close(memory);
		errno = EIO;
		return -1;
	}
	return memory;
}

static FILE *open_stream(const char *name, const char *path, const char *mode)
{
	int fd;

	if (!is_cgroup_list(path))
		return ((fopen_fn *)dlsym(RTLD_NEXT, name))(path, mode);
	fd = v2_lines(path);
	return fd < 0 ? NULL : fdopen(fd, "r");
}

static int open_fd(const char *name, const char *path, int flags, mode_t mode)
{
	return is_cgroup_list(path) ? v2_lines(path) : ((open_fn *)dlsym(RTLD_NEXT, name))(path, flags, mode);
}

FILE *fopen(const char *path, const char *mode)
{
	return open_stream("fopen", path, mode);
}

FILE *fopen64(const char *path, const char *mode)
{
	return open_stream("fopen64", path, mode);
}

#define OPEN(NAME)                                                      \
	int NAME(const char *path, int flags, ...)                      \
	{                                                               \
		mode_t mode = 0;                                        \
		va_list rest;                                           \
									\
		if (flags & (O_CREAT | __O_TMPFILE)) {                  \
			va_start(rest, flags);                          \
			mode = va_arg(rest, mode_t);                    \
			va_end(rest);                                   \
		}                                                       \
		return open_fd(#NAME, path, flags, mode);               \
	}

OPEN(open)
OPEN(open64)
