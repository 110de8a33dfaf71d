package io.github.qcow4j.nativeio;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;

/** Looks at each call to a volume before it is made, and may have it fail. */
@FunctionalInterface
public interface VolumeCalls {

  /** Lets the call through, or throws what it is to fail with. */
  void before(String method, Object[] arguments) throws IOException;

  /** The volume with its calls looked at. */
  default Volume over(Volume volume) {
    return (Volume)
        Proxy.newProxyInstance(
            Volume.class.getClassLoader(),
            new Class<?>[] {Volume.class},
            (proxy, method, arguments) -> {
              before(method.getName(), arguments == null ? new Object[0] : arguments);
              try {
                return method.invoke(volume, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  /** As a file system that knows no further names for files, nor then a rename by way of one. */
  static Volume withoutLinks(Volume volume) {
    boolean flags = volume.provider().capabilities().contains(ProviderInfo.Capability.RENAME_FLAGS);
    VolumeCalls calls =
        (method, arguments) -> {
          boolean byLink =
              method.equals("rename") && arguments[2] == RenameMode.NO_REPLACE && !flags;
          if (method.equals("link") || byLink) {
            throw Errno.EPERM.exception(method, arguments[0].toString());
          }
        };
    return calls.over(volume);
  }

  /** As a file system that does not exchange names. */
  static Volume withoutExchange(Volume volume) {
    VolumeCalls calls =
        (method, arguments) -> {
          if (method.equals("rename") && arguments[2] == RenameMode.EXCHANGE) {
            throw Errno.EINVAL.exception(method, arguments[0].toString());
          }
        };
    return calls.over(volume);
  }
}
