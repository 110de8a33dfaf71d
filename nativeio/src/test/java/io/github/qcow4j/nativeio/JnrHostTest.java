package io.github.qcow4j.nativeio;

final class JnrHostTest extends HostContract {

  @Override
  protected String provider() {
    return "jnr";
  }
}
