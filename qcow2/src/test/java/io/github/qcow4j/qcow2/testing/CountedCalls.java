package io.github.qcow4j.qcow2.testing;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.Volume;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Counts the calls on the files of a volume, by the names of the methods. */
public final class CountedCalls {

  private final Map<String, Integer> counts = new ConcurrentHashMap<>();

  /** How often a method was called. */
  public int of(String method) {
    return counts.getOrDefault(method, 0);
  }

  /** The volume, with its calls counted. */
  public Volume over(Volume volume) {
    return wrap(Volume.class, volume);
  }

  private <T> T wrap(Class<T> type, T target) {
    Object proxy =
        Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, new Counter(target));
    return type.cast(proxy);
  }

  private final class Counter implements InvocationHandler {

    private final Object target;

    Counter(Object target) {
      this.target = target;
    }

    @Override
    public @Nullable Object invoke(Object self, Method method, Object @Nullable [] arguments)
        throws Throwable {
      if (target instanceof BlockFile) {
        counts.merge(method.getName(), 1, Integer::sum);
      }
      try {
        Object result = method.invoke(target, unwrapped(arguments));
        return result instanceof BlockFile file ? wrap(BlockFile.class, file) : result;
      } catch (InvocationTargetException e) {
        throw e.getCause();
      }
    }
  }

  /** A volume takes only files of its own making. */
  private static Object @Nullable [] unwrapped(Object @Nullable [] arguments) {
    return arguments == null
        ? null
        : Arrays.stream(arguments)
            .map(each ->
                each != null
                        && Proxy.isProxyClass(each.getClass())
                        && Proxy.getInvocationHandler(each) instanceof Counter counter
                    ? counter.target
                    : each)
            .toArray();
  }
}
