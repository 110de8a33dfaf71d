package io.github.qcow4j.qcow2.check;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.Errno;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/** The host's files, of which one sector cannot be read. */
final class UnreliableVolume {

  private final long badSector;

  private UnreliableVolume(long badOffset) {
    this.badSector = badOffset / 512;
  }

  static Volume failingAt(long badOffset) {
    UnreliableVolume unreliable = new UnreliableVolume(badOffset);
    Volume host = Volumes.host();
    return (Volume)
        Proxy.newProxyInstance(
            UnreliableVolume.class.getClassLoader(),
            new Class<?>[] {Volume.class},
            (proxy, method, arguments) ->
                method.getName().equals("open")
                    ? unreliable.file(host.open((Path) arguments[0], (OpenOptions) arguments[1]))
                    : call(host, method, arguments));
  }

  private BlockFile file(BlockFile file) {
    return (BlockFile)
        Proxy.newProxyInstance(
            UnreliableVolume.class.getClassLoader(),
            new Class<?>[] {BlockFile.class},
            (proxy, method, arguments) -> {
              if (method.getName().startsWith("read")) {
                failIfBad(file, (ByteBuffer) arguments[0], (long) arguments[1]);
              }
              return call(file, method, arguments);
            });
  }

  private void failIfBad(BlockFile file, ByteBuffer target, long fileOffset) throws Exception {
    long last = (fileOffset + target.remaining() - 1) / 512;
    if (target.hasRemaining() && fileOffset / 512 <= badSector && badSector <= last) {
      throw Errno.EIO.exception("pread", file.path().toString());
    }
  }

  private static Object call(Object target, Method method, Object[] arguments) throws Throwable {
    try {
      return method.invoke(target, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }
}
