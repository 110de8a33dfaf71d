package io.github.qcow4j.qcow2;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.Volume;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A volume that hands every call on, of its own and of the files it opens, and tells a tap of each
 * one first; what the tap throws, the call throws. Keeps what was called.
 */
public final class TappedVolume {

  /** Asked once, as there are images that make a command call millions of times. */
  private static final Map<Method, Boolean> MAY_FAIL = new ConcurrentHashMap<>();

  private final Volume real;
  private final Tap tap;
  private final List<Call> calls = new ArrayList<>();

  /** Over this volume. */
  public TappedVolume(Volume real, Tap tap) {
    this.real = real;
    this.tap = tap;
  }

  /** Over this volume. */
  public TappedVolume(Volume real) {
    this(real, call -> {});
  }

  /** Hears of a call before it is made. */
  @FunctionalInterface
  public interface Tap {
    void before(Call call) throws IOException;
  }

  /**
   * One call.
   *
   * @param name the method's
   * @param path the file or name it is about, where there is one
   * @param position the file position of reads and writes, else -1
   * @param lengthBytes the room of a read, the data of a write, else 0
   * @param mayFail whether storage can refuse it
   */
  public record Call(
      String name, @Nullable Path path, long position, long lengthBytes, boolean mayFail) {

    /** Whether it reads from a file. */
    public boolean reads() {
      return name.equals("read") || name.equals("readPadded");
    }

    /** Whether it is this method's. */
    public boolean is(String wanted) {
      return name.equals(wanted);
    }
  }

  /** What to hand on. */
  public Volume volume() {
    return (Volume) proxy(Volume.class, real, null);
  }

  /** All calls since the beginning, or since they were forgotten. */
  public synchronized List<Call> calls() {
    return List.copyOf(calls);
  }

  /** Forgets all calls. */
  public synchronized void forget() {
    calls.clear();
  }

  /** Bytes that reads had room for. */
  public long bytesRead() {
    return calls().stream().filter(Call::reads).mapToLong(Call::lengthBytes).sum();
  }

  private Object proxy(Class<?> type, Object target, @Nullable Path path) {
    return Proxy.newProxyInstance(
        type.getClassLoader(),
        new Class<?>[] {type, Tapped.class},
        (self, method, arguments) -> invoke(self, target, path, method, arguments));
  }

  /** Makes the file behind a proxy known, for calls that take one. */
  interface Tapped {
    Object target();
  }

  private @Nullable Object invoke(
      Object self, Object target, @Nullable Path path, Method method, Object @Nullable [] arguments)
      throws Throwable {
    return switch (method.getName()) {
      case "target" -> target;
      case "equals" -> arguments != null && isSame(self, arguments[0]);
      case "hashCode" -> System.identityHashCode(self);
      case "toString" -> "tapped " + target;
      default -> tell(target, path, method, arguments == null ? new Object[0] : arguments);
    };
  }

  @SuppressWarnings("ReferenceEquality")
  private static boolean isSame(Object self, Object other) {
    return self == other;
  }

  private @Nullable Object tell(
      Object target, @Nullable Path path, Method method, Object[] arguments) throws Throwable {
    Call call = call(method, path, arguments);
    synchronized (this) {
      calls.add(call);
    }
    tap.before(call);
    Object[] real = arguments.clone();
    for (int i = 0; i < real.length; i++) {
      if (real[i] instanceof Tapped tapped) {
        real[i] = tapped.target();
      }
    }
    try {
      Object result = method.invoke(target, real);
      return result instanceof BlockFile file ? proxy(BlockFile.class, file, call.path()) : result;
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  private static boolean mayFail(Method method) {
    return List.of(method.getExceptionTypes()).contains(IOException.class);
  }

  private static Call call(Method method, @Nullable Path ofFile, Object[] arguments) {
    Path path = ofFile;
    long position = -1;
    long length = 0;
    for (Object argument : arguments) {
      if (argument instanceof Path named && path == null) {
        path = named;
      } else if (argument instanceof ByteBuffer buffer) {
        length = buffer.remaining();
      } else if (argument instanceof Long number && position < 0) {
        position = number;
      }
    }
    return new Call(
        method.getName(),
        path,
        position,
        length,
        MAY_FAIL.computeIfAbsent(method, TappedVolume::mayFail));
  }
}
