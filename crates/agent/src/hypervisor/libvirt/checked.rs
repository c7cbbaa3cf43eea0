//! Calls of libvirt's C library that the crate `virt` 0.5.0 lacks, or whose errors it throws away.
//!
//! All unsafe code of the agent is here. Nothing here decides anything.

#![allow(unsafe_code)] // the C library; each use says why it is sound

use std::collections::BTreeMap;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use uuid::Uuid;
use virt::connect::Connect;
use virt::domain::Domain;
use virt::error::Error;
use virt::sys;

/// State and reason of a domain, as `virDomainGetState` numbers them.
pub(super) fn state(domain: &Domain) -> Result<(u32, u32), Error> {
    let (mut state, mut reason) = (0, 0);
    // SAFETY: the handle lives as long as `domain`; both pointers are to locals.
    let result =
        unsafe { sys::virDomainGetState(domain.as_ptr(), &raw mut state, &raw mut reason, 0) };
    if result < 0 {
        return Err(Error::last_error());
    }
    Ok((u32::try_from(state).unwrap_or(u32::MAX), u32::try_from(reason).unwrap_or(u32::MAX)))
}

/// How many checkpoints libvirt keeps of a domain.
pub(super) fn checkpoints(domain: &Domain) -> Result<u32, Error> {
    // SAFETY: the handle lives as long as `domain`; without a place for the list libvirt only counts.
    let count = unsafe { sys::virDomainListAllCheckpoints(domain.as_ptr(), ptr::null_mut(), 0) };
    u32::try_from(count).map_err(|_| Error::last_error())
}

/// Numbers of one running domain by their names, for instance `cpu.time`.
pub(super) type Numbers = BTreeMap<String, u64>;

/// Statistics of every running domain that can be asked without waiting for a job of it.
pub(super) fn running_stats(connect: &Connect, kinds: u32) -> Result<Vec<(Uuid, Numbers)>, Error> {
    let flags = sys::VIR_CONNECT_GET_ALL_DOMAINS_STATS_RUNNING
        | sys::VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT;
    let mut records: *mut sys::virDomainStatsRecordPtr = ptr::null_mut();
    // SAFETY: the handle lives as long as `connect`; libvirt fills in `records`.
    let count = unsafe {
        sys::virConnectGetAllDomainStats(connect.as_ptr(), kinds, &raw mut records, flags)
    };
    let Ok(count) = usize::try_from(count) else { return Err(Error::last_error()) };
    let mut stats = Vec::with_capacity(count);
    for index in 0..count {
        // SAFETY: libvirt wrote `count` valid pointers, and `nparams` parameters in each record.
        let entry = unsafe {
            let record = &**records.add(index);
            let length = usize::try_from(record.nparams).unwrap_or(0);
            let params = if record.params.is_null() {
                &[]
            } else {
                std::slice::from_raw_parts(record.params, length)
            };
            uuid_of(record.dom).map(|uuid| (uuid, numbers(params)))
        };
        stats.extend(entry);
    }
    // SAFETY: `records` came from the call above and is not used again.
    unsafe { sys::virDomainStatsRecordListFree(records) };
    Ok(stats)
}

/// # Safety
/// Each parameter must have been written by libvirt.
unsafe fn numbers(params: &[sys::virTypedParameter]) -> Numbers {
    let mut numbers = Numbers::new();
    for param in params {
        // SAFETY: libvirt ends the name with a zero byte and fills the member that `type_` names.
        let (name, value) = unsafe {
            let name = CStr::from_ptr(param.field.as_ptr()).to_string_lossy().into_owned();
            let kind = u32::try_from(param.type_).unwrap_or(0);
            let value = match kind {
                sys::VIR_TYPED_PARAM_UINT => Some(u64::from(param.value.ui)),
                sys::VIR_TYPED_PARAM_ULLONG => Some(param.value.ul),
                sys::VIR_TYPED_PARAM_LLONG => u64::try_from(param.value.l).ok(),
                sys::VIR_TYPED_PARAM_INT => u64::try_from(param.value.i).ok(),
                _ => None,
            };
            (name, value)
        };
        numbers.extend(value.map(|value| (name, value)));
    }
    numbers
}

/// # Safety
/// `domain` must be a valid handle.
unsafe fn uuid_of(domain: sys::virDomainPtr) -> Option<Uuid> {
    let mut bytes = [0_u8; sys::VIR_UUID_BUFLEN as usize];
    // SAFETY: libvirt writes VIR_UUID_BUFLEN bytes; this reads the handle only, it asks no daemon.
    let result = unsafe { sys::virDomainGetUUID(domain, bytes.as_mut_ptr()) };
    (result == 0).then_some(Uuid::from_bytes(bytes))
}

/// What is called from libvirt's event loop. It must not block and must not call libvirt.
pub(super) type OnDomain = Box<dyn Fn(Uuid) + Send + Sync>;
/// See [`OnDomain`].
pub(super) type OnClose = Box<dyn Fn() + Send + Sync>;

/// Has every lifecycle event of the connection's domains told to `tell`.
pub(super) fn on_lifecycle(connect: &Connect, tell: OnDomain) -> Result<(), Error> {
    type Lifecycle = unsafe extern "C" fn(
        sys::virConnectPtr,
        sys::virDomainPtr,
        c_int,
        c_int,
        *mut c_void,
    ) -> c_int;
    // SAFETY: libvirt calls back with the signature of the event id that is registered, which is `lifecycle`'s; the
    // generic type is only how the C interface spells it.
    unsafe {
        let callback = std::mem::transmute::<Lifecycle, OnEvent>(lifecycle);
        register(connect, sys::VIR_DOMAIN_EVENT_ID_LIFECYCLE, callback, tell)
    }
}

/// Has every device that a guest has let go of told to `tell`, by its domain.
pub(super) fn on_device_removed(connect: &Connect, tell: OnDomain) -> Result<(), Error> {
    type DeviceRemoved =
        unsafe extern "C" fn(sys::virConnectPtr, sys::virDomainPtr, *const c_char, *mut c_void);
    // SAFETY: as above, and the signature is `device_removed`'s.
    unsafe {
        let callback = std::mem::transmute::<DeviceRemoved, OnEvent>(device_removed);
        register(connect, sys::VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, callback, tell)
    }
}

/// Has the end of every job of a domain told to `tell`.
pub(super) fn on_job_completed(connect: &Connect, tell: OnDomain) -> Result<(), Error> {
    type JobCompleted = unsafe extern "C" fn(
        sys::virConnectPtr,
        sys::virDomainPtr,
        sys::virTypedParameterPtr,
        c_int,
        *mut c_void,
    );
    // SAFETY: as above, and the signature is `job_completed`'s.
    unsafe {
        let callback = std::mem::transmute::<JobCompleted, OnEvent>(job_completed);
        register(connect, sys::VIR_DOMAIN_EVENT_ID_JOB_COMPLETED, callback, tell)
    }
}

/// Has QEMU begin to copy disks of a running domain, as the description `xml` says.
pub(super) fn backup_begin(domain: &Domain, xml: &CStr) -> Result<(), Error> {
    // SAFETY: the handle lives as long as `domain`; libvirt reads the text during the call; no checkpoint is asked for.
    let result =
        unsafe { sys::virDomainBackupBegin(domain.as_ptr(), xml.as_ptr(), ptr::null(), 0) };
    if result < 0 { Err(Error::last_error()) } else { Ok(()) }
}

/// Ends the job of a domain.
pub(super) fn abort_job(domain: &Domain) -> Result<(), Error> {
    // SAFETY: the handle lives as long as `domain`.
    let result = unsafe { sys::virDomainAbortJob(domain.as_ptr()) };
    if result < 0 { Err(Error::last_error()) } else { Ok(()) }
}

/// How the last job of a domain ended, as `virDomainJobType` numbers it.
pub(super) fn ended_job(domain: &Domain) -> Result<u32, Error> {
    let (mut kind, mut count): (c_int, c_int) = (0, 0);
    let mut params: sys::virTypedParameterPtr = ptr::null_mut();
    let flags = sys::VIR_DOMAIN_JOB_STATS_COMPLETED;
    // SAFETY: the handle lives as long as `domain`; the pointers are to locals, and libvirt fills in `params`.
    let result = unsafe {
        sys::virDomainGetJobStats(
            domain.as_ptr(),
            &raw mut kind,
            &raw mut params,
            &raw mut count,
            flags,
        )
    };
    if result < 0 {
        return Err(Error::last_error());
    }
    // SAFETY: `params` came from the call above and is not used again; nothing is freed of a null pointer.
    unsafe { sys::virTypedParamsFree(params, count) };
    Ok(u32::try_from(kind).unwrap_or(u32::MAX))
}

/// How the C interface spells a callback of whatever signature.
type OnEvent = unsafe extern "C" fn(sys::virConnectPtr, sys::virDomainPtr, *mut c_void);

/// # Safety
/// The callback must really have the signature of the event `id`, with a pointer to an [`OnDomain`] as its last
/// argument.
unsafe fn register(
    connect: &Connect,
    id: u32,
    callback: OnEvent,
    tell: OnDomain,
) -> Result<(), Error> {
    let opaque = Box::into_raw(Box::new(tell));
    // SAFETY: `opaque` lives until `free` gets it; the caller answers for the callback.
    let id = unsafe {
        sys::virConnectDomainEventRegisterAny(
            connect.as_ptr(),
            ptr::null_mut(),
            id.cast_signed(),
            Some(callback),
            opaque.cast(),
            Some(free::<OnDomain>),
        )
    };
    if id < 0 {
        let error = Error::last_error();
        // SAFETY: libvirt does not call `free` when it refuses.
        drop(unsafe { Box::from_raw(opaque) });
        return Err(error);
    }
    Ok(())
}

/// Has the end of the connection told to `tell`, once.
pub(super) fn on_close(connect: &Connect, tell: OnClose) -> Result<(), Error> {
    let opaque = Box::into_raw(Box::new(tell));
    // SAFETY: `opaque` lives until `free` gets it.
    let result = unsafe {
        sys::virConnectRegisterCloseCallback(
            connect.as_ptr(),
            Some(closed),
            opaque.cast(),
            Some(free::<OnClose>),
        )
    };
    if result < 0 {
        let error = Error::last_error();
        // SAFETY: libvirt does not call `free` when it refuses.
        drop(unsafe { Box::from_raw(opaque) });
        return Err(error);
    }
    Ok(())
}

unsafe extern "C" fn lifecycle(
    _connect: sys::virConnectPtr,
    domain: sys::virDomainPtr,
    _event: c_int,
    _detail: c_int,
    opaque: *mut c_void,
) -> c_int {
    // SAFETY: `opaque` is the box that `on_lifecycle` registered; the domain is valid during the call.
    let (tell, uuid) = unsafe { (&*opaque.cast::<OnDomain>(), uuid_of(domain)) };
    if let Some(uuid) = uuid {
        // Unwinding through C would end the process.
        let _ = catch_unwind(AssertUnwindSafe(|| tell(uuid)));
    }
    0
}

unsafe extern "C" fn device_removed(
    _connect: sys::virConnectPtr,
    domain: sys::virDomainPtr,
    _alias: *const c_char,
    opaque: *mut c_void,
) {
    // SAFETY: `opaque` is the box that `on_device_removed` registered; the domain is valid during the call.
    let (tell, uuid) = unsafe { (&*opaque.cast::<OnDomain>(), uuid_of(domain)) };
    if let Some(uuid) = uuid {
        // Unwinding through C would end the process.
        let _ = catch_unwind(AssertUnwindSafe(|| tell(uuid)));
    }
}

unsafe extern "C" fn job_completed(
    _connect: sys::virConnectPtr,
    domain: sys::virDomainPtr,
    _params: sys::virTypedParameterPtr,
    _count: c_int,
    opaque: *mut c_void,
) {
    // SAFETY: `opaque` is the box that `on_job_completed` registered; the domain is valid during the call.
    let (tell, uuid) = unsafe { (&*opaque.cast::<OnDomain>(), uuid_of(domain)) };
    if let Some(uuid) = uuid {
        // Unwinding through C would end the process.
        let _ = catch_unwind(AssertUnwindSafe(|| tell(uuid)));
    }
}

unsafe extern "C" fn closed(_connect: sys::virConnectPtr, _reason: c_int, opaque: *mut c_void) {
    // SAFETY: `opaque` is the box that `on_close` registered.
    let tell = unsafe { &*opaque.cast::<OnClose>() };
    let _ = catch_unwind(AssertUnwindSafe(tell));
}

unsafe extern "C" fn free<T>(opaque: *mut c_void) {
    // SAFETY: libvirt calls this once, with the box that was registered, after the last callback.
    drop(unsafe { Box::from_raw(opaque.cast::<T>()) });
}
