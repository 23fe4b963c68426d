/** Help on the settings of S3 services: what each key does, and which do nothing. */

export const S3_SETTINGS = `Settings of s3 and s3s services (efscli service config NAME KEY VALUE; - is unset):

  X-Auth-Type         key_secret: requests are signed by users of the tenant (efscli user create);
                      disabled: every request is the tenant's admin, on this machine only
  X-Listen            host or address to listen on, without a port; - is all (with disabled: 127.0.0.1)
  X-HTTP-Port         port of plain HTTP, 9982 (s3s: 9983); - is none, 0 is any that is free
  X-HTTPS-Port        port of HTTPS, 9443 (s3s: 9444), once key and certificate are given
  X-HTTPS-Key, -Cert  PEM files; taken up within seconds when they change, no connection is dropped
  X-Ciphers           ciphers in OpenSSL's form; TLS 1.2 and 1.3 are spoken
  X-Domain            domains, parted by commas: HOST below one of them names the bucket (BUCKET.DOMAIN);
                      s3s cannot be without. Every other host is path style
  X-Region            the region that signatures must name; - takes any and answers us-east-1
  X-List-Max-Size     most items of a list page, 1 to 1000
  X-List-All-Buckets  false: only admins of the tenant see the list of buckets
  X-Number-Of-Versions  versions kept of objects in buckets that are made here
  X-Trust-Proxy       whose X-Forwarded-For and -Proto are believed: true proxies on this machine,
                      false nobody, or addresses and networks parted by commas
  X-Access-Log        true: one line in efsd's log for each request
  X-Webhook-NAME      URL that events are posted to, http or https, USER:PASSWORD@ if it asks for them;
                      notifications of buckets name it as arn:efs:webhook:::NAME
  X-Website-Port      port on which buckets are served as websites, anonymously; - is none
  X-Website-Domain    domains, parted by commas: BUCKET.DOMAIN names the bucket on that port; a host that
                      is a bucket's name does, too; else the path begins with the bucket

  Kept because EdgeFS had them, without effect: X-Servers, X-Need-MD5 (always computed), X-ACL-On
  (canned ACLs are always there), X-List-Cache, X-Default-Tenant, X-Default-Owner.

  GET /health on the service's port needs no signature: 200 while the segment takes writes, else 503.
  GET /metrics of the admin API counts requests, errors, bytes and latencies for Prometheus.
`;
