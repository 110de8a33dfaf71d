package io.github.qcow4j.qcow2.write;

import io.github.qcow4j.nativeio.BlockFile;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/** The one file of its kind, zeros behind its bytes; it counts how often it was read. */
final class StandInFile implements InvocationHandler {

  private final byte[] content;
  private int reads;

  StandInFile(byte... content) {
    this.content = content;
  }

  BlockFile asBlockFile() {
    return (BlockFile)
        Proxy.newProxyInstance(
            BlockFile.class.getClassLoader(), new Class<?>[] {BlockFile.class}, this);
  }

  synchronized int reads() {
    return reads;
  }

  @Override
  public synchronized Object invoke(Object proxy, Method method, Object[] arguments) {
    return switch (method.getName()) {
      case "readPadded" -> {
        reads++;
        ByteBuffer target = (ByteBuffer) arguments[0];
        long offset = (long) arguments[1];
        while (target.hasRemaining()) {
          target.put(offset < content.length ? content[(int) offset] : 0);
          offset++;
        }
        yield null;
      }
      case "size" -> 1L << 20;
      case "path" -> Path.of("image");
      case "hashCode" -> 1;
      case "equals" -> true;
      default -> throw new UnsupportedOperationException(method.getName());
    };
  }
}
