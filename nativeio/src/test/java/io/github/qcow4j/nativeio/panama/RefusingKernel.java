package io.github.qcow4j.nativeio.panama;

import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.ProviderInfo;
import io.github.qcow4j.nativeio.ProviderInfo.Capability;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.linux.LinuxCalls;
import io.github.qcow4j.nativeio.linux.LinuxVolume;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.EnumSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;

/** The real kernel, but one of its calls is always refused with the same error, and counted. */
final class RefusingKernel {

  private final LinuxCalls real = new PanamaCalls();
  private final String call;
  private final Predicate<Object[]> when;
  private final Errno errno;
  private final AtomicInteger asked = new AtomicInteger();

  private RefusingKernel(String call, Predicate<Object[]> when, Errno errno) {
    this.call = call;
    this.when = when;
    this.errno = errno;
  }

  /** Refuses all of these calls, named as in {@link LinuxCalls}. */
  static RefusingKernel of(String call, Errno errno) {
    return of(call, any -> true, errno);
  }

  /** Refuses those of these calls whose arguments are such. */
  static RefusingKernel of(String call, Predicate<Object[]> when, Errno errno) {
    return new RefusingKernel(call, when, errno);
  }

  /** A new volume over this kernel; it knows of no refusal yet. */
  Volume volume() throws IOException {
    LinuxCalls calls =
        (LinuxCalls)
            Proxy.newProxyInstance(
                LinuxCalls.class.getClassLoader(),
                new Class<?>[] {LinuxCalls.class},
                (proxy, method, arguments) -> answer(method, arguments));
    return LinuxVolume.over(
        calls, new ProviderInfo("refusing", EnumSet.allOf(Capability.class), "a test"));
  }

  /** How often it was asked for what it refuses. */
  int asked() {
    return asked.get();
  }

  private Object answer(Method method, Object[] arguments) throws Throwable {
    if (method.getName().equals(call) && when.test(arguments)) {
      asked.incrementAndGet();
      return (long) -errno.number();
    }
    try {
      return method.invoke(real, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }
}
