package io.github.qcow4j.nativeio;

final class PortableHostTest extends HostContract {

  @Override
  protected String provider() {
    return "portable";
  }

  @Override
  protected boolean writesFifos() {
    return false;
  }
}
