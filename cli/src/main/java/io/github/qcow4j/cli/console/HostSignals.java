package io.github.qcow4j.cli.console;

import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import org.jspecify.annotations.Nullable;

/** What is done when a signal arrives, in place of what the JVM would do. */
public final class HostSignals {

  private HostSignals() {}

  /**
   * Answers a signal from now on; the answer runs in a thread of its own. The compiler warns of the
   * API in {@code jdk.unsupported}, and cannot be told not to; so it is looked up by its names.
   *
   * @param name the signal's name without {@code SIG}
   * @return false where that is not possible: the signal does what it did before
   */
  public static boolean answer(String name, Runnable answer) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      Object answering =
          Proxy.newProxyInstance(
              handler.getClassLoader(),
              new Class<?>[] {handler},
              (proxy, method, arguments) -> call(answer, proxy, method, arguments));
      signal
          .getMethod("handle", signal, handler)
          .invoke(null, signal.getConstructor(String.class).newInstance(name), answering);
      return true;
    } catch (ReflectiveOperationException | IllegalArgumentException e) {
      return false;
    }
  }

  @SuppressWarnings("ReferenceEquality")
  private static @Nullable Object call(
      Runnable answer, Object proxy, Method method, @Nullable Object @Nullable [] arguments) {
    return switch (method.getName()) {
      case "equals" -> arguments != null && proxy == arguments[0];
      case "hashCode" -> System.identityHashCode(proxy);
      case "toString" -> HostSignals.class.getName();
      default -> {
        answer.run();
        yield null;
      }
    };
  }
}
