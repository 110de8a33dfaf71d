package io.github.qcow4j.cli;

import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import org.jspecify.annotations.Nullable;

/**
 * {@code SIGUSR1}, by which users ask how far a job is; without anybody to answer it would kill.
 */
final class ProgressSignal {

  private ProgressSignal() {}

  /**
   * Answers the signal from now on. The compiler warns of the API in {@code jdk.unsupported}, and
   * cannot be told not to; so it is looked up by its names.
   */
  static void install(Runnable answer) {
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
          .invoke(null, signal.getConstructor(String.class).newInstance("USR1"), answering);
    } catch (ReflectiveOperationException | IllegalArgumentException e) {
      // A runtime without it: the signal does what it did before.
    }
  }

  @SuppressWarnings("ReferenceEquality")
  private static @Nullable Object call(
      Runnable answer, Object proxy, Method method, @Nullable Object @Nullable [] arguments) {
    return switch (method.getName()) {
      case "equals" -> arguments != null && proxy == arguments[0];
      case "hashCode" -> System.identityHashCode(proxy);
      case "toString" -> ProgressSignal.class.getName();
      default -> {
        answer.run();
        yield null;
      }
    };
  }
}
