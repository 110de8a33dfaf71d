package io.github.qcow4j.nativeio.panama;

import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.Ground;
import io.github.qcow4j.nativeio.HostGround;
import io.github.qcow4j.nativeio.ProviderInfo;
import io.github.qcow4j.nativeio.ProviderInfo.Capability;
import io.github.qcow4j.nativeio.linux.LinuxCalls;
import io.github.qcow4j.nativeio.linux.LinuxVolume;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The real kernel in its worst mood: every second call of a kind is interrupted, but close, reads
 * and writes come short, and all that a kernel or file system may refuse is refused; or only the
 * former, so that nothing is refused before it could be interrupted.
 */
final class GrudgingKernel {

  private static final long SHORT_BYTES = 7777;
  private static final int TMPFILE_BIT = 020000000;
  private static final int NO_REPLACE = 1;
  private static final int SEEK_DATA = 3;

  private final LinuxCalls real = new PanamaCalls();
  private final Map<String, AtomicInteger> counts = new ConcurrentHashMap<>();

  private final boolean refusing;

  private GrudgingKernel(boolean refusing) {
    this.refusing = refusing;
  }

  static Ground ground(Path directory) throws IOException {
    return new GrudgingKernel(true)
        .ground(directory, EnumSet.of(Capability.OPEN_FILE_LOCKS, Capability.DIRECT_IO));
  }

  static Ground interruptingGround(Path directory) throws IOException {
    return new GrudgingKernel(false).ground(directory, EnumSet.allOf(Capability.class));
  }

  private Ground ground(Path directory, Set<Capability> capabilities) throws IOException {
    LinuxCalls calls =
        (LinuxCalls)
            Proxy.newProxyInstance(
                LinuxCalls.class.getClassLoader(),
                new Class<?>[] {LinuxCalls.class},
                (proxy, method, arguments) -> call(method, arguments));
    ProviderInfo info = new ProviderInfo("grudging", capabilities, "a test");
    return new HostGround(LinuxVolume.over(calls, info), directory);
  }

  private Object call(Method method, Object[] arguments) throws Throwable {
    String name = method.getName();
    int count = counts.computeIfAbsent(name, any -> new AtomicInteger()).getAndIncrement();
    if (!name.equals("close") && count % 2 == 0) {
      return result(Errno.EINTR);
    }
    boolean refused =
        refusing
            && switch (name) {
              case "fallocate", "ioctl", "copyFileRange" -> true;
              case "renameat2" -> arguments[2].equals(NO_REPLACE);
              case "lseek" -> (int) arguments[2] >= SEEK_DATA;
              default -> false;
            };
    if (refused) {
      return result(
          switch (name) {
            case "ioctl" -> Errno.ENOTTY;
            case "copyFileRange" -> Errno.ENOSYS;
            case "renameat2", "lseek" -> Errno.EINVAL;
            default -> Errno.EOPNOTSUPP;
          });
    }
    if (name.startsWith("pread") || name.startsWith("pwrite")) {
      long length = (long) arguments[2];
      // Direct I/O stays aligned, as the kernel's own short transfers do.
      long aligned = length % 4096 == 0 ? 8192 : SHORT_BYTES;
      arguments[2] = Math.min(length, aligned);
    }
    try {
      Object result = method.invoke(real, arguments);
      boolean unnamed = refusing && name.equals("open") && ((int) arguments[1] & TMPFILE_BIT) != 0;
      if (unnamed && (long) result >= 0) {
        real.close((int) (long) result);
        return result(Errno.EOPNOTSUPP);
      }
      return result;
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  private static long result(Errno errno) {
    return -errno.number();
  }
}
